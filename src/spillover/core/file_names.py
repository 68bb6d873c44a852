"""Names of study files, for every floor: to know such a file by its name, none need know what a study is."""

STUDY_FILE = "study.yaml"
"""In a study's folder."""
YAML = (".yaml", ".yml")
"""How the name of a study file ends, wherever it stands."""
