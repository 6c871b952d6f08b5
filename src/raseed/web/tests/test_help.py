"""Help: whoever comes reads what was answered for everybody, in their language, and finds it by forgiving words."""

from __future__ import annotations

from html import unescape

from django.test import Client

from raseed.care.api import promises
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.web.tests.street import Street, signed_in
from raseed.web.tests.test_bytes import FIRST_PAINT_MAX, weigh

SAID = {
    "ar": promises.AnswerText("متى تعود أجهزة الصرّاف؟", "تعود الأجهزة يوم 24 نوفمبر الساعة 10:00 في كل الفروع."),
    "he": promises.AnswerText("מתי הכספומטים חוזרים?", "הכספומטים חוזרים ב־24 בנובמבר בשעה 10:00 בכל הסניפים."),
    "en": promises.AnswerText("When are the cash machines back?", "The machines are back on 24 November at 10:00."),
}


def written(street: Street, audience: promises.Audience, *codes: str) -> promises.Answer:
    house = people.institution(street.layla_wallet.institution_id).id
    by = an_author(house, "care.answers.edit", "care.gaps.view")
    texts = {code: SAID[code] for code in codes}
    return promises.write_answer(
        texts, id=new_id(), institution_id=house, audience=audience, reason="asked often", by=by
    )


def read(address: str, language: str, **query: str) -> str:
    answer = Client(SERVER_NAME="localhost").get(address, query, headers={"accept-language": language})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, max-age=60"
    assert {"Cookie", "Accept-Language"} <= set(answer["Vary"].split(", "))
    return unescape(answer.content.decode())


def test_anybody_finds_a_public_answer_in_three_languages_and_never_one_for_staff(street: Street) -> None:
    public = written(street, promises.Audience.PUBLIC, "ar", "he", "en")
    inside = written(street, promises.Audience.STAFF, "ar")
    for language, words in (("ar", "الصراف"), ("ar", "أجهزه صراف"), ("he", "כספומטים"), ("en", "CASH machines")):
        page = read("/help", language, q=words)
        assert SAID[language].question in page, words
        assert page.count(f"/help/{public.id}") == 1
        assert str(inside.id) not in page
    assert SAID["he"].text in read(f"/help/{public.id}", "he")
    assert str(public.id) not in read("/help", "en", q="zebra")
    assert str(public.id) in read("/help", "en")
    assert Client(SERVER_NAME="localhost").get(f"/help/{inside.id}").status_code == 404
    assert Client(SERVER_NAME="localhost").get(f"/help/{new_id()}").status_code == 404


def test_an_institution_s_answers_stand_under_its_short_name(street: Street) -> None:
    public = written(street, promises.Audience.PUBLIC, "ar", "en")
    house = people.institution(public.institution_id)
    other = next(each for each in people.institutions() if each.id != house.id)
    assert f'href="/help/{house.slug}"' in read("/help", "en")
    page = read(f"/help/{house.slug}", "en", q="cash machines")
    assert str(public.id) in page
    assert f'action="/help/{house.slug}"' in page, "what is searched for next is looked for there"
    assert str(public.id) not in read(f"/help/{other.slug}", "en")
    for nobodys in ("no-such-bank", "x" * 300, "%E2%80%AEbank"):
        assert Client(SERVER_NAME="localhost").get(f"/help/{nobodys}").status_code == 404


def test_help_is_light_and_is_linked_from_the_way_in_and_the_settings(street: Street) -> None:
    answers = [written(street, promises.Audience.PUBLIC, "ar", "he", "en") for _ in range(20)]
    stranger = Client(SERVER_NAME="localhost", headers={"accept-language": "ar"})
    for address in ("/help", f"/help/{answers[0].id}"):
        assert weigh(stranger, address)[0] <= FIRST_PAINT_MAX
    assert 'href="/help"' in stranger.get("/sign-in").content.decode()
    assert 'href="/help"' in signed_in().get("/settings").content.decode()
