"""What is paid beside a bill's own amount: late penalties and waivers, credit kept and used; and bills that are disputed."""
