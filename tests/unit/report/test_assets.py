import base64
import hashlib
import re
from importlib.resources import files

from spillover.report.assets import SCRIPTS, VENDORED, load_assets

ROOM = files("spillover.report")


def test_vendored_files_are_the_published_ones():
    listed = dict(re.findall(r"\| (\S+\.js) \| .* \| ([0-9a-f]{64}) \|", (ROOM / "vendor" / "README.md").read_text()))
    assert set(listed) == {f"{name}.min.js" for name in VENDORED}
    for name, digest in listed.items():
        assert hashlib.sha256((ROOM / "vendor" / name).read_bytes()).hexdigest() == digest


def test_every_script_is_in_the_page():
    there = {file.name.removesuffix(".js") for file in (ROOM / "scripts").iterdir()}
    assert there == set(SCRIPTS)


def test_no_script_can_end_the_element_that_it_stands_in():
    assert "</script" not in load_assets().script.lower()
    assert "</style" not in load_assets().style.lower()


def test_the_policy_allows_the_page_s_own_script_alone():
    assets = load_assets()
    digest = base64.b64encode(hashlib.sha256(assets.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in assets.policy
    assert "default-src 'none'" in assets.policy
