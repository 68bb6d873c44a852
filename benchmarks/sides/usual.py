"""The other side of the engine's benchmark: what a user writes with transformers, PEFT and the HF Trainer.

For every adapter the base is loaded anew and the adapter merged; every question's images are decoded, processed and
passed through the vision tower each time. Only the processor is put together by our own `load_processor`, since
transformers' stock one asks for torchvision.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.optim.lr_scheduler import LambdaLR
from transformers import AutoModelForImageTextToText, PrinterCallback, Trainer, TrainingArguments

from sides.workload import Workload
from spillover.core.keys import seeded_generator
from spillover.core.prompt import Prompt
from spillover.models.adapters import language_model_pattern
from spillover.models.base import Base
from spillover.models.encoding import answer_tokens, deciding_tokens
from spillover.models.finetuning import rate_share
from spillover.models.identity import locate_model
from spillover.models.processing import chat_of, load_processor
from spillover.models.settings import ModelSettings, TrainingSettings

Ask = Callable[[Base, Sequence[Prompt]], list[str]]


def load(settings: ModelSettings) -> Base:
    """Load a model in float32, and its processor."""
    place = locate_model(settings)
    model = AutoModelForImageTextToText.from_pretrained(place, dtype=torch.float32)
    processor = load_processor(place, settings)
    return Base(model=model.eval(), processor=processor, chat=chat_of(processor, settings.name), name=settings.name)


def evaluate(workload: Workload, batch: int, ask: Ask) -> list[str]:
    """Ask every adapter everything, in batches in the order of the data: load, merge, ask, and again."""
    answers: list[str] = []
    for adapter in workload.adapters:
        base = load(workload.model)
        PeftModel.from_pretrained(base.model, str(adapter)).merge_and_unload()  # in place
        for prompts in workload.tasks:
            for start in range(0, len(prompts), batch):
                answers += ask(base, prompts[start : start + batch])
    return answers


def by_generation(new_tokens: int) -> Ask:
    """Answer by writing at most so many tokens, greedily."""

    @torch.inference_mode()
    def ask(base: Base, prompts: Sequence[Prompt]) -> list[str]:
        inputs = _read(base, prompts, [""] * len(prompts), "left")
        written = base.model.generate(**inputs, max_new_tokens=new_tokens, do_sample=False)
        return base.tokenizer.batch_decode(written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    return ask


@torch.inference_mode()
def by_letters(base: Base, prompts: Sequence[Prompt]) -> list[str]:
    """Answer by the likeliest option letter after one forward pass, whose logits are formed at the last token only."""
    deciding = [deciding_tokens(base, prompt.options) for prompt in prompts]
    inputs = _read(base, prompts, [base.tokenizer.decode(list(each.prefix)) for each in deciding], "left")
    logits = base.model(**inputs, logits_to_keep=1).logits[:, -1]
    places = [int(row[list(each.candidates)].argmax()) for row, each in zip(logits, deciding, strict=True)]
    return [prompt.options[place] for prompt, place in zip(prompts, places, strict=True)]


def _read(base: Base, prompts: Sequence[Prompt], ends: Sequence[str], side: str) -> Any:
    """Turn questions, and what follows each, into a padded batch with its pixels."""
    images = [[image.load() for image in prompt.images] for prompt in prompts]
    texts = [_chat(base, prompt) + end for prompt, end in zip(prompts, ends, strict=True)]
    return base.processor(images=images, text=texts, padding=True, padding_side=side, return_tensors="pt")


def _chat(base: Base, prompt: Prompt) -> str:
    content = [*({"type": "image"} for _ in prompt.images), {"type": "text", "text": prompt.text}]
    return base.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)


def train(model: ModelSettings, prompts: Sequence[Prompt], settings: TrainingSettings, seed: int) -> list[float]:
    """Finetune with PEFT and the HF Trainer, from files to the loss of every step.

    Adapter, order of the examples, optimiser and learning rates are ours, so that the loss curves can be compared.
    """
    base = load(model)
    lora = LoraConfig(
        r=settings.lora.rank,
        lora_alpha=settings.lora.alpha,
        lora_dropout=settings.lora.dropout,
        target_modules=language_model_pattern(base.model),
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(seed)
    adapted: Any = get_peft_model(base.model, lora)
    trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    orders = [seeded_generator("order", seed, epoch).permutation(len(prompts)) for epoch in range(settings.epochs)]
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=adapted,
            args=_arguments(settings, folder),
            train_dataset=[prompts[index] for order in orders for index in order],  # type: ignore[arg-type]
            data_collator=lambda batch: _with_labels(base, batch),
            optimizers=(optimiser, LambdaLR(optimiser, lambda done: rate_share(done, settings))),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def _arguments(settings: TrainingSettings, folder: str) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=1,  # the data holds every epoch already, in its order
        train_sampling_strategy="sequential",
        per_device_train_batch_size=settings.batch,
        max_grad_norm=settings.maximum_gradient_norm,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        remove_unused_columns=False,
        disable_tqdm=True,
        use_cpu=True,
    )


def _with_labels(base: Base, prompts: Sequence[Prompt]) -> Any:
    """Lay out a batch whose only labels are the answers' tokens."""
    tails = [answer_tokens(base, prompt.answer) for prompt in prompts]
    inputs = _read(base, prompts, [base.tokenizer.decode(list(tail)) for tail in tails], "right")
    labels = torch.full_like(inputs["input_ids"], -100)
    for row, tail in enumerate(tails):
        end = int(inputs["attention_mask"][row].sum())
        labels[row, end - len(tail) : end] = torch.tensor(tail)
    return {**inputs, "labels": labels}
