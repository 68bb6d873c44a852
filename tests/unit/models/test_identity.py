import shutil

from spillover.models.identity import model_identity
from spillover.models.settings import ModelSettings
from spillover.models.tiny import CHECKPOINT


def test_code_that_may_run_is_part_of_a_models_key(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(CHECKPOINT, folder)

    def identity(*, trusted):
        return model_identity(ModelSettings(path=str(folder), precision="float32", trust_remote_code=trusted))

    without = identity(trusted=True)
    assert without == identity(trusted=False)
    (folder / "modeling.py").write_text("a = 1\n")
    (folder / "parts").mkdir()
    (folder / "parts" / "layers.py").write_text("b = 1\n")
    first = identity(trusted=True)
    assert first != without
    (folder / "parts" / "layers.py").write_text("b = 2\n")
    assert identity(trusted=True) != first
    assert identity(trusted=False) == without, "what may not run changes nothing"
