"""How a study's file is called: every floor meets such files, and to know one by its name none need read a study."""

STUDY_FILE = "study.yaml"
"""In a study's folder."""
YAML = (".yaml", ".yml")
"""How the name of a study file ends, wherever it stands."""
