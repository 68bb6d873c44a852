"""CITATION.cff is of this package, and of the paper that every page cites."""

import tomllib

import yaml
from tests.docs.blocks import ROOT


def test_the_citation_is_of_this_version_and_of_the_paper():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    ours = about["license"].partition(" AND ")[0]  # the file's form knows no AND: ISC is of what the page draws with
    assert (cited["title"], cited["version"], cited["license"]) == (about["name"], about["version"], ours)
    (paper,) = cited["references"]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"{paper['authors'][0]['family-names']} et al. (*{paper['title']}*" in readme
    assert paper["url"] in readme
