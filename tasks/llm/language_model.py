"""A language model in this process: a tokenizer and a causal network, kept from one step to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from journal import Model, TaskError

from ..weights import check_weights
from .gguf_folder import convert_gguf

_PLAIN_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}\n\n"
    "{% elif message.role == 'user' %}Question: {{ message.content }}\nAnswer:"
    "{% else %} {{ message.content }}{{ eos_token }}\n\n{% endif %}{% endfor %}"
)
"""For models that were never taught to chat and bring no template of their own."""


@dataclass(frozen=True)
class LanguageModel:
    """A tokenizer and a network (a ``PreTrainedModel``, or a ``PeftModel`` around one) in evaluation mode."""

    name: str
    tokenizer: Any
    network: Any
    folder: Path
    """Where its weights are, to be read again where an adapter has changed them."""

    @property
    def end_tokens(self) -> list[int]:
        """The tokens that end an answer: the tokenizer's, and those that the model's makers name."""
        named = self.network.generation_config.eos_token_id
        several = named if isinstance(named, list) else [named]
        return list(dict.fromkeys(t for t in [self.tokenizer.eos_token_id, *several] if t is not None))

    @property
    def opening(self) -> str:
        """What the tokenizer puts before plain text, such as a mark of the beginning; often nothing."""
        text: str = self.tokenizer.decode(self.tokenizer("")["input_ids"])
        return text

    def render_chat(self, messages: list[dict[str, str]], answering: bool = True) -> str:
        """Return a conversation as the text that the network reads, up to where its answer begins."""
        options = {"tokenize": False, "add_generation_prompt": answering}
        try:
            text: str = self.tokenizer.apply_chat_template(messages, **options)
        except Exception as error:  # templates are small programs, and each fails in its own way
            raise TaskError(f"model '{self.name}': its chat template refuses the prompt: {_cause(error)}") from error
        return text


def load_language_model(model: Model, threads: int) -> LanguageModel:
    """Load a model from the user's disk, never from a network; raises TaskError where it is no language model.

    ``threads`` is how many CPU threads this process may compute with.
    """
    import torch

    torch.set_num_threads(threads)
    if model.path is None:
        raise TaskError(f"model '{model.source}' answers from a server; this needs one whose weights are at hand")
    with quiet():
        tokenizer, network, folder = _load(model.path, model.digest)
    return LanguageModel(model.source, tokenizer, network, folder)


@contextmanager
def adapted(model: LanguageModel, adapter: Path | None) -> Iterator[LanguageModel]:
    """Put a PEFT adapter on a model for a while; afterwards the model is as it was."""
    if adapter is None:
        yield model
        return
    with _unchanged(model):
        with quiet():
            network = _put_on(model, adapter)
        yield replace(model, network=network)


@contextmanager
def adding_adapter(model: LanguageModel, config: Any) -> Iterator[LanguageModel]:
    """Put a new adapter of that ``LoraConfig`` on a model, to be trained; afterwards the model is as it was."""
    from peft import get_peft_model

    with _unchanged(model):
        with quiet():
            try:
                network = get_peft_model(model.network, config)
            except ValueError as error:
                raise TaskError(f"model '{model.name}' takes no such adapter: {_cause(error)}") from error
        yield replace(model, network=network)


@contextmanager
def _unchanged(model: LanguageModel) -> Iterator[None]:
    """Take off whatever adapter is put on a model meanwhile, and see that its own weights are as they were.

    Trained biases, whole modules and embeddings, and PiSSA's beginning, change weights of the model itself.
    """
    before = _sums(model.network)
    try:
        yield
    finally:
        _take_off(model.network)
        if _sums(model.network) != before:
            with quiet():
                model.network.load_state_dict(_load_network(model.folder).state_dict())


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what transformers and PEFT say of their own accord: the step's progress is the task's to show."""
    import warnings

    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@lru_cache(maxsize=1)  # a second model of gigabytes would push the first out of memory, or out of swap
def _load(path: Path, digest: str) -> tuple[Any, Any, Path]:
    folder = _safetensors_folder(path, digest)
    try:
        return _load_tokenizer(folder), _load_network(folder), folder
    except TaskError:
        raise
    except Exception as error:  # transformers and safetensors raise a dozen unrelated kinds
        raise TaskError(f"model {path.name} can't be loaded: {_cause(error)}") from error


def _safetensors_folder(path: Path, digest: str) -> Path:
    if path.suffix == ".gguf":
        return convert_gguf(path, digest)
    if not (path / "config.json").is_file():
        raise TaskError(f"{path.name} is no language model: a folder with config.json, or a .gguf file, is needed")
    if not any(path.glob("*.safetensors")):
        raise TaskError(f"model {path.name} has no *.safetensors weights (pickled weights are not loaded)")
    return path


def _load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        tokenizer.chat_template = _PLAIN_TEMPLATE
    return tokenizer


def _load_network(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    options = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    network, told = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **options
    )
    check_weights(f"model {folder.name}", told)
    return network.eval().requires_grad_(False)


def _put_on(model: LanguageModel, adapter: Path) -> Any:
    from peft import PeftModel

    if not (adapter / "adapter_config.json").is_file():
        raise TaskError(f"{adapter.name} is no adapter: a folder with adapter_config.json is needed")
    if not (adapter / "adapter_model.safetensors").is_file():
        raise TaskError(f"adapter {adapter.name} has no adapter_model.safetensors (pickled weights are not loaded)")
    try:
        network = PeftModel.from_pretrained(model.network, adapter, local_files_only=True).eval()
        _check_adapter(network, adapter)
        return network
    except Exception as error:
        if isinstance(error, TaskError):
            raise
        raise TaskError(f"adapter {adapter.name} does not fit model '{model.name}': {_cause(error)}") from error


def _check_adapter(network: Any, adapter: Path) -> None:
    """Refuse an adapter whose file has not all of its tensors, or others: PEFT leaves those as they began."""
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", framework="pt") as file:
        there = set(file.keys())
    base = {f"base_model.model.{name}" for name, _ in network.get_base_model().named_parameters()}
    wanted = set(get_peft_model_state_dict(network, save_embedding_layers=False))
    told = {"missing_keys": wanted - there, "unexpected_keys": there - wanted - base}
    check_weights(f"adapter {adapter.name}", told)


def _take_off(network: Any) -> None:
    """Remove all adapters from a network, those too that a failed attempt left behind."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    for name, module in list(network.named_modules()):
        if isinstance(module, AuxiliaryTrainingWrapper):
            parent, _, attribute = name.rpartition(".")
            setattr(network.get_submodule(parent), attribute, module.original_module)
    for name, module in list(network.named_modules()):
        if isinstance(module, BaseTunerLayer):
            parent, _, attribute = name.rpartition(".")
            setattr(network.get_submodule(parent), attribute, module.get_base_layer())
    vars(network).pop("peft_config", None)  # PEFT warns of a second adapter where it is left
    network.eval().requires_grad_(False)


def _sums(network: Any) -> dict[str, int]:
    """Return the sum of each parameter's bits, taken as whole numbers: no adapter's work leaves that as it was."""
    import numpy as np
    import torch

    found = {}
    for name, parameter in network.named_parameters():
        bits = parameter.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        found[name] = int((bits if bits.size % 8 else bits.view(np.uint64)).sum(dtype=np.uint64))
    return found


def _cause(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
