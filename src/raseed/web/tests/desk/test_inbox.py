"""The inbox: what waits, whose it is, and nothing of other houses."""

from __future__ import annotations

from django.test import override_settings

from raseed.care import api as care
from raseed.care.cards.pulse import beat
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.street import words_of

from .bureau import ASKS, Bureau, at_desk


def test_a_message_stands_in_the_inbox_with_its_channel_its_words_and_who_answers(bureau: Bureau) -> None:
    id_ = bureau.write()
    page = at_desk(bureau.house.salma).get("/office/desk/?box=open").content.decode()
    assert f"/office/desk/{id_}" in page
    assert ASKS in page
    words = words_of(page)
    assert "WhatsApp" in words
    assert "Nobody's yet" in words


def test_the_list_alone_is_not_drawn_again_while_nothing_changed(bureau: Bureau) -> None:
    bureau.write()
    client = at_desk(bureau.house.salma)
    page = client.get("/office/desk/?box=open").content.decode()
    seen = page.split('hx-vals=\'{"seen": "', 1)[1].split('"', 1)[0]
    assert client.get(f"/office/desk/list?box=open&seen={seen}").status_code == 204
    bureau.write("وأين الإيصال؟")
    fresh = client.get(f"/office/desk/list?box=open&seen={seen}")
    assert fresh.status_code == 200
    assert "وأين الإيصال؟" in fresh.content.decode()


def test_searching_forgives_how_arabic_is_written(bureau: Bureau) -> None:
    id_ = bureau.write("الفاتورة لم تُدفع إلى الشركة")
    other = bureau.write("صباح الخير", phone="+201009998877", name="Mona")
    page = (
        at_desk(bureau.house.salma).get("/office/desk/", {"box": "open", "q": "الفاتوره لم تدفع الي"}).content.decode()
    )
    assert str(id_) in page
    assert str(other) not in page


def test_two_hundred_conversations_come_in_pages(bureau: Bureau) -> None:
    for number in range(60):
        bureau.write(f"رسالة {number}", phone=f"+2010011122{number:02d}", name=f"N{number}")
    client = at_desk(bureau.house.salma)
    page = client.get("/office/desk/?box=open").content.decode()
    assert page.count('class="conv ') == 50
    following = (
        page.split('class="more"><a class="button second small" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    )
    assert client.get(following).content.decode().count('class="conv ') == 10


def test_tags_are_put_on_and_taken_off_and_narrow_the_inbox(bureau: Bureau) -> None:
    id_, other = bureau.write(), bureau.write("شكراً", phone="+201001112233", name="كريم")
    for name in ("استرداد", "vip"):
        care.make_tag(
            id=new_id(), institution_id=bureau.line.institution_id, name=name, by=people.SYSTEM, reason="to sort"
        )
    client, address = at_desk(bureau.house.salma), f"/office/desk/{id_}"
    assert client.post(f"{address}/tag", {"tag": ["استرداد", "vip"]}).status_code == 303
    hoda = people.author_of_staff(bureau.house.hoda.staff.id)
    care.change_tags(id_, off=["vip"], by=hoda)
    assert client.post(f"{address}/tag", {"had": ["استرداد"], "tag": []}).status_code == 303
    assert client.post(f"{address}/tag", {"tag": ["vip"]}).status_code == 303
    assert care.conversation(id_, by=hoda).tags == ("vip",)
    found = client.get("/office/desk/?box=open&tag=vip").content.decode()
    assert f"c{id_}" in found
    assert f"c{other}" not in found
    assert "<option selected>vip" in found
    refused = client.post(f"{address}/tag", {"tag": ["nobody-made-it"]})
    assert refused.status_code == 404
    assert "There is no such tag here" in words_of(refused.content.decode())


def test_pages_say_what_the_stream_told_before_they_were_read(bureau: Bureau) -> None:
    id_ = bureau.write()
    client = at_desk(bureau.house.salma)
    for address in ("/office/desk/?box=open", f"/office/desk/{id_}"):
        with override_settings(RAIL_URL="http://127.0.0.1:9"):
            before = care.pulse()
            assert f'data-told="{before}"' in client.get(address).content.decode()
            beat()
            assert care.pulse() > before
            assert f'data-told="{care.pulse()}"' in client.get(address).content.decode()
        assert "data-told" not in client.get(address).content.decode()
