#!/usr/bin/env bash
# Which data to train on for a task of which you have none: a study, the choice, its data for a trainer, and the study
# that would test the choice. On the embedded model; two or three minutes on two cores.
#
#     bash examples/choose_mixture.sh [FOLDER]      # by default mixture-example
set -euo pipefail
mkdir -p "${1:-mixture-example}"
cd "${1:-mixture-example}"

cat > study.yaml <<'STUDY'
name: correspondence
tasks:
  - kind: perception
    names: [Visual_Correspondence, Semantic_Correspondence, Functional_Correspondence, Object_Localization, Counting]
    examples: 200
sources: [Semantic_Correspondence, Functional_Correspondence, Object_Localization, Counting]
seeds: [0, 1]
training: {examples: 300, epochs: 2, learning_rate: 3.0e-3}
output: results
STUDY
spillover run study.yaml

# How much of which source, why, and what it should do. Counting may lose a tenth of its gap at most.
choice=(results --target Visual_Correspondence --protect Counting --tolerance 0.1 --budget 300)
rm -rf data check.yaml
spillover mix "${choice[@]}" --export llama-factory --out data
spillover mix "${choice[@]}" --study check.yaml > mixture.txt

# What a trainer reads, and what verifying the choice would take.
ls data
spillover plan check.yaml
