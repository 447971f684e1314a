"""Vendor adapters: one file each, chosen by name, imported on first use.

A vendor's file holds its class (the `Provider` of `watchword_server.ports`), its `Settings` and
its table from the vendor's codes to `Reason`.  Vendors never import each other, nor this registry.
A package outside adds one by an entry point of the group `watchword.providers`.
"""

import inspect
from collections.abc import Mapping
from importlib import import_module, metadata

import msgspec

from watchword_server.domain.errors import Misconfigured
from watchword_server.ports.providers import Field, Provider, ProviderType, Setup

PROVIDERS: dict[str, str] = {
    "apprise": "watchword_server.providers.apprise_urls.AppriseUrls",
    "engagelab": "watchword_server.providers.engagelab.Engagelab",
    "http": "watchword_server.providers.http_gateway.HttpGateway",
    "inbox": "watchword_server.providers.inbox.Inbox",
    "prelude": "watchword_server.providers.prelude.Prelude",
    "smpp": "watchword_server.providers.smpp.provider.Smpp",
    "smtp": "watchword_server.providers.smtp.Smtp",
    "telegram": "watchword_server.providers.telegram.Telegram",
    "textbelt": "watchword_server.providers.textbelt.Textbelt",
    "twilio": "watchword_server.providers.twilio.Twilio",
    "vonage": "watchword_server.providers.vonage.Vonage",
    "whatsapp": "watchword_server.providers.whatsapp.Whatsapp",
}

ENTRY_POINTS = "watchword.providers"


def names() -> list[str]:
    """Every provider that `load` finds."""
    return sorted({*PROVIDERS, *metadata.entry_points(group=ENTRY_POINTS).names})


def load(name: str) -> type:
    """The provider's class; nothing outside can take the name of one of ours.

    Raises:
        Misconfigured: there is none of that name, or it cannot be imported.
    """
    path = PROVIDERS.get(name)
    if path is not None:
        module, _, attribute = path.rpartition(".")
        return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
    for entry_point in metadata.entry_points(group=ENTRY_POINTS, name=name):
        try:
            return entry_point.load()  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise Misconfigured(f"provider {name} cannot be imported: {error}") from None
    raise Misconfigured(f"there is no provider {name}: it is one of {', '.join(names())}")


def settings_type(name: str) -> type[msgspec.Struct]:
    """The class named `Settings` beside the provider's class."""
    return getattr(import_module(load(name).__module__), "Settings")  # type: ignore[no-any-return]  # noqa: B009


def fields(name: str) -> tuple[Field, ...]:
    """The provider's settings, in order."""
    described = msgspec.inspect.type_info(settings_type(name))
    assert isinstance(described, msgspec.inspect.StructType)  # noqa: S101 - settings_type says so
    return tuple(_field(field) for field in described.fields)


def _field(field: msgspec.inspect.Field) -> Field:
    kind = field.type
    meta = kind if isinstance(kind, msgspec.inspect.Metadata) else msgspec.inspect.Metadata(kind)
    return Field(
        name=field.name,
        description=(meta.extra_json_schema or {}).get("description", ""),
        required=field.required,
        default=_default(field),
        secret=bool((meta.extra or {}).get("secret")),
        type=_word(kind),
        choices=_choices(kind),
    )


def _default(field: msgspec.inspect.Field) -> object:
    """What it is where it is not given; an empty list or object is made anew each time."""
    if field.default is not msgspec.NODEFAULT:
        return field.default
    factory = field.default_factory
    return None if factory is msgspec.NODEFAULT else factory()


_WORDS: tuple[tuple[type[msgspec.inspect.Type], str], ...] = (
    (msgspec.inspect.BoolType, "boolean"),
    (msgspec.inspect.IntType, "integer"),
    (msgspec.inspect.FloatType, "number"),
    (msgspec.inspect.LiteralType, "choice"),
    (msgspec.inspect.EnumType, "choice"),
    (msgspec.inspect.StrType, "string"),
    (msgspec.inspect.CollectionType, "array"),
    (msgspec.inspect.TupleType, "array"),
)


def _plain(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """What a value is, without what is said about it and whether it may be left out."""
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if isinstance(kind, msgspec.inspect.UnionType):
        others = [one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)]
        return _plain(others[0])
    return kind


def _word(kind: msgspec.inspect.Type) -> str:
    plain = _plain(kind)
    return next((word for each, word in _WORDS if isinstance(plain, each)), "object")


def _choices(kind: msgspec.inspect.Type) -> tuple[str, ...]:
    plain = _plain(kind)
    if isinstance(plain, msgspec.inspect.LiteralType):
        return tuple(str(value) for value in plain.values)
    if isinstance(plain, msgspec.inspect.EnumType):
        return tuple(str(member.value) for member in plain.cls)
    return ()


def describe(name: str) -> ProviderType:
    """What a provider is and has to be told; its module's first paragraph describes it.

    Raises:
        Misconfigured: there is none of that name, or it cannot be imported.
    """
    made = load(name)
    module = made.__module__
    if module.startswith(f"{__name__}."):  # of a vendor in several files, the package's words
        module = ".".join(module.split(".")[: __name__.count(".") + 2])
    words = inspect.getdoc(import_module(module)) or inspect.getdoc(made) or ""
    return ProviderType(
        name=name,
        description=" ".join(words.partition("\n\n")[0].split()),
        channels=tuple(sorted(getattr(made, "channels", ()))),
        reports=bool(getattr(made, "reports", False)),
        local=bool(getattr(made, "local", False)),
        session=getattr(made, "run", Provider.run) is not Provider.run,
        ours=name in PROVIDERS,
        fields=fields(name),
    )


def make(name: str, settings: msgspec.Struct, setup: Setup) -> Provider:
    """An adapter for an account.

    Raises:
        Misconfigured: there is none of that name, or its settings do not work here.
    """
    made: Provider = load(name)(settings, setup)
    if made.prompt and not made.local:
        raise Misconfigured("a provider that leaves this machine cannot be prompt")
    return made


def settings(name: str, values: Mapping[str, object]) -> msgspec.Struct:
    """The provider's settings from texts or values, checked.

    Raises:
        Misconfigured: one is unknown, missing or wrong; the message never repeats a secret.
    """
    try:
        return msgspec.convert(dict(values), settings_type(name), strict=False)
    except msgspec.ValidationError as error:
        raise Misconfigured(f"provider {name}: {error}") from None
