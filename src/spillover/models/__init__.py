"""Vision-language models: loading, adapters, option scoring, generation, finetuning. The only room that knows torch."""
