"""A small study that is planned, and nothing of it done."""

import pytest
from tests.conftest import small_study

from spillover.study.opening import open_study
from spillover.study.plan import plan_study


@pytest.fixture
def plan(tmp_path):
    study = small_study(tmp_path / "folder")
    return plan_study(study, open_study(study))
