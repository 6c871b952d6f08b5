"""Independent clients of the providers' APIs, none of them ours, can't tell the simulator from what they were written for.

They are no dependency of ours: who wants these tests to run installs them beside the rest, as docs/subsystems/demo.md says.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from .channels_world import (
    APP,
    APP_SECRET,
    ARABIC,
    BOT_TOKEN,
    PHONE,
    TALK,
    TOKEN,
    VERIFY,
    WABA,
    Receiver,
    Simulator,
    running,
)

needs_pywa = pytest.mark.skipif(find_spec("pywa") is None, reason="pywa is not installed: see docs/subsystems/demo.md")
needs_telegram = pytest.mark.skipif(
    find_spec("telegram") is None, reason="python-telegram-bot is not installed: see docs/subsystems/demo.md"
)
NODE_MODULES: Final = Path(__file__).parents[4] / "node_modules"
PICTURE: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulator]:
    receiver = Receiver()
    with running(tmp_path, receiver) as found:
        yield found
    receiver.close()


@pytest.fixture
def pywa_client(sim: Simulator) -> Iterator[Any]:
    pywa = importlib.import_module("pywa")
    client = pywa.WhatsApp(phone_id=TALK, token=TOKEN, app_secret=APP_SECRET, verify_token=VERIFY, server=None)
    client.api._session.base_url = f"{sim.url}/v23.0"
    yield client
    client.api._session.close()


@needs_pywa
def test_pywa_sends_texts_files_and_templates_and_marks_as_read(sim: Simulator, pywa_client: Any):
    theirs = sim.say(text=ARABIC)["id"]
    sent = pywa_client.send_message(to=PHONE, text="نعم", tracker="ours-7", reply_to_message_id=theirs)
    assert sent.id.startswith("wamid.")
    pywa_client.send_image(to=PHONE, image=PICTURE, caption="صورة", mime_type="image/png")
    pywa_client.send_document(to=PHONE, document=b"%PDF-1.4", filename="كشف.pdf", mime_type="application/pdf")
    assert pywa_client.mark_message_as_read(message_id=theirs)
    chat = sim.chat()
    assert [each["kind"] for each in chat] == ["text", "text", "image", "document"]
    assert (chat[0]["state"], chat[1]["reply_to"], chat[3]["media"]["kind"]) == ("read", theirs, "application/pdf")


@needs_pywa
def test_pywa_understands_the_webhooks_and_fetches_the_file(sim: Simulator, pywa_client: Any):
    sim.deliver(sent_ms=0, delivered_ms=10)
    types = importlib.import_module("pywa.types")
    sim.say(text=ARABIC)
    sim.say(
        file={"name": "m.png", "kind": "image/png", "content": __import__("base64").b64encode(PICTURE).decode()},
        text="العداد",
    )
    pywa_client.send_message(to=PHONE, text="نعم", tracker="ours-8")
    sim.receiver.wait(lambda: len(sim.receiver.heard) >= 4)
    utils = importlib.import_module("pywa.utils")
    for _, headers, body in sim.receiver.heard:
        assert utils.webhook_updates_validator(
            app_secret=APP_SECRET, request_body=body, x_hub_signature=headers["x-hub-signature-256"]
        )
    told = sim.receiver.bodies()
    is_message = ["messages" in each["entry"][0]["changes"][0]["value"] for each in told]
    messages = [types.Message.from_update(pywa_client, each) for each, yes in zip(told, is_message, strict=True) if yes]
    assert messages[0].text == ARABIC
    assert messages[0].from_user.wa_id == PHONE[1:]
    media = messages[1].image
    assert messages[1].caption == "العداد"
    assert pywa_client.get_media_bytes(url=media.get_media_url()) == PICTURE
    states = [
        types.MessageStatus.from_update(pywa_client, each)
        for each, yes in zip(told, is_message, strict=True)
        if not yes
    ]
    assert [each.status.value for each in states] == ["sent", "delivered"]
    assert {each.tracker for each in states} == {"ours-8"}


@needs_pywa
def test_pywa_raises_its_own_error_for_each_code(sim: Simulator, pywa_client: Any):
    errors = importlib.import_module("pywa.errors")
    sim.say(text="?")
    for code in (131047, 131026, 131049, 131056, 130429, 131051, 132000, 132001, 190):
        sim.switch(channel="whatsapp", place="send", manner="code", code=code, times=1)
        with pytest.raises(errors.WhatsAppError) as caught:
            pywa_client.send_message(to=PHONE, text="x")
        assert caught.value.code == code
        assert type(caught.value) is not errors.WhatsAppError, "a code that it knows"


@needs_pywa
def test_pywa_registers_a_webhook_as_it_does_at_its_start(sim: Simulator, pywa_client: Any):
    token = pywa_client.api.get_app_access_token(client_id=int(APP), client_secret=APP_SECRET)["access_token"]
    where = f"{sim.receiver.url}/registered"

    def register(verify_token: str) -> Any:
        return pywa_client.api.set_app_callback_url(
            app_id=int(APP), access_token=token, callback_url=where, verify_token=verify_token, fields=("messages",)
        )  # fmt: skip

    errors = importlib.import_module("pywa.errors")
    with pytest.raises(errors.WhatsAppError, match="couldn't be validated"):
        register("wrong")
    assert register(VERIFY) == {"success": True}
    sim.say(text="?")
    sim.receiver.wait(lambda: bool(sim.receiver.bodies("/registered")))


@needs_pywa
def test_pywa_sends_a_template_with_values(sim: Simulator, pywa_client: Any):
    template = {"waba": WABA, "name": "case_news", "language": "ar", "body": "بلاغ {{1}}: {{2}}"}
    sim.call("POST", "/control", {"template": template})
    templates = importlib.import_module("pywa.types.templates")
    pywa_client.send_template(
        to=PHONE, name="case_news", language=templates.TemplateLanguage.ARABIC,
        params=[templates.BodyText.params("R-1", "تم")],
    )  # fmt: skip
    assert sim.chat()[-1]["text"] == "بلاغ R-1: تم"


async def _telegram(sim: Simulator) -> Any:
    telegram = importlib.import_module("telegram")
    bot = telegram.Bot(BOT_TOKEN, base_url=f"{sim.url}/bot", base_file_url=f"{sim.url}/file/bot")
    async with bot:
        assert (await bot.get_me()).username == "jasmine_bot"
        heard = [telegram.Update.de_json(each, bot) for each in sim.receiver.bodies("/telegram")]
        chat = heard[0].effective_chat.id
        sent = await bot.send_message(
            chat, "نعم", reply_parameters=telegram.ReplyParameters(heard[0].message.message_id)
        )
        assert (sent.text, sent.reply_to_message.text) == ("نعم", ARABIC)
        assert (await bot.send_photo(chat, PICTURE, caption="صورة")).photo[-1].file_size == len(PICTURE)
        document = (await bot.send_document(chat, b"%PDF-1.4", filename="كشف.pdf")).document
        assert document.file_name == "كشف.pdf"
        file = await bot.get_file(heard[1].message.photo[-1].file_id)
        assert bytes(await file.download_as_bytearray()) == PICTURE
        assert await bot.set_webhook(f"{sim.receiver.url}/elsewhere", secret_token="other-secret")
        assert (await bot.get_webhook_info()).url.endswith("/elsewhere")
        with pytest.raises(telegram.error.BadRequest, match="Chat not found"):
            await bot.send_message(12345, "x")
        sim.switch(channel="telegram", place="send", manner="rate", times=1)
        with pytest.raises(telegram.error.RetryAfter):
            await bot.send_message(chat, "x")
        sim.switch(channel="telegram", place="send", manner="fails", times=1)
        with pytest.raises(telegram.error.Forbidden, match="blocked"):
            await bot.send_message(chat, "x")


@needs_telegram
@pytest.mark.filterwarnings("ignore")
def test_python_telegram_bot_talks_with_it_and_understands_its_updates(sim: Simulator):
    sim.say("telegram", "jasmine_bot", text=ARABIC)
    picture = {"name": "m.png", "kind": "image/png", "content": __import__("base64").b64encode(PICTURE).decode()}
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 1)
    sim.say("telegram", "jasmine_bot", file=picture)
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 2)
    asyncio.run(_telegram(sim))
    assert [each["kind"] for each in sim.chat("telegram", "jasmine_bot")] == [
        "text",
        "image",
        "text",
        "image",
        "document",
    ]
    sim.say("telegram", "jasmine_bot", text="2")
    sim.receiver.wait(lambda: len(sim.receiver.heard) == 3)
    path, headers, _ = sim.receiver.heard[-1]
    assert (path, headers["x-telegram-bot-api-secret-token"]) == ("/elsewhere", "other-secret")


SCRIPT: Final = """
const { WhatsAppClient } = require("@kapso/whatsapp-cloud-api");
const [base, token, line, phone] = process.argv.slice(2);
(async () => {
  const client = new WhatsAppClient({ accessToken: token, baseUrl: base, graphVersion: "v23.0" });
  const sent = await client.messages.sendText({ phoneNumberId: line, to: phone, body: "من نود" });
  console.log(JSON.stringify({ id: sent.messages[0].id }));
})();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
@pytest.mark.skipif(
    not (NODE_MODULES / "@kapso" / "whatsapp-cloud-api").exists(),
    reason="@kapso/whatsapp-cloud-api is not installed: see docs/subsystems/demo.md",
)
def test_kapso_sends_a_text(sim: Simulator, tmp_path: Path):
    script = tmp_path / "send.cjs"
    script.write_text(SCRIPT, encoding="utf-8")
    sim.say(text="?")
    command = ["node", str(script), sim.url, TOKEN, TALK, PHONE]
    done = subprocess.run(
        command,
        env={"NODE_PATH": str(NODE_MODULES), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["id"].startswith("wamid.")
    assert sim.chat()[-1]["text"] == "من نود"


READER: Final = """
const fs = require("fs"), crypto = require("crypto");
(async () => {
  const { WhatsAppAPI } = await import(process.argv[2] + "/whatsapp-api-js/lib/index.js");
  const [secret, base, line, phone] = process.argv.slice(3);
  const api = new WhatsAppAPI({
    token: "x", appSecret: secret, v: "v23.0",
    ponyfill: { fetch: fetch, subtle: crypto.webcrypto.subtle },
  });
  const heard = [];
  api.on.message = ({ message, name }) => { heard.push([message.type, message.text.body, name]); };
  api.on.status = ({ status }) => { heard.push([status]); };
  let refused = 0;
  for (const [body, signature] of JSON.parse(fs.readFileSync(0, "utf8"))) {
    await api.post(JSON.parse(body), body, signature);
    await api.post(JSON.parse(body), body + " ", signature).catch(() => { refused += 1; });
  }
  console.log(JSON.stringify({ heard, refused }));
})();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
@pytest.mark.skipif(
    not (NODE_MODULES / "whatsapp-api-js").exists(),
    reason="whatsapp-api-js is not installed: see docs/subsystems/demo.md",
)
def test_whatsapp_api_js_proves_and_reads_the_webhooks(sim: Simulator, tmp_path: Path):
    sim.deliver(sent_ms=0, delivered_ms=10)
    sim.say(text=ARABIC)
    sim.send("نعم")
    sim.receiver.wait(lambda: len(sim.receiver.heard) >= 3)
    script = tmp_path / "read.cjs"
    script.write_text(READER, encoding="utf-8")
    told = [[body.decode(), headers["x-hub-signature-256"]] for _, headers, body in sim.receiver.heard]
    command = ["node", str(script), str(NODE_MODULES), APP_SECRET, sim.url, TALK, PHONE]
    done = subprocess.run(command, input=json.dumps(told).encode(), capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {"heard": [["text", ARABIC, "أمل"], ["sent"], ["delivered"]], "refused": 3}
