"""Things with an inventory tag: which kit each is, and who has it in hand."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from lab_controller.equipment.tables import Asset
from lab_controller.people.tables import Account


@dataclass(frozen=True, slots=True)
class AssetView:
    """`device` None: no kit on the bus is known to be it. `holder_name` is for staff."""

    tag: str
    title: str
    kind: str
    device: str | None
    identity: str
    holder: str | None
    holder_name: str | None
    held_since_us: int | None
    paired_us: int
    paired_by: str
    note: str


def list_assets(session: Session, devices: Collection[str] | None = None) -> list[AssetView]:
    """All by tag, or those that are one of `devices`."""
    query = select(Asset, Account).outerjoin(Account, col(Account.id) == col(Asset.holder))
    if devices is not None:
        query = query.where(col(Asset.device).in_(devices))
    rows = session.exec(query.order_by(col(Asset.tag))).all()
    return [_view(asset, account) for asset, account in rows]


def find_asset(session: Session, tag: str) -> AssetView | None:
    query = select(Asset, Account).outerjoin(Account, col(Account.id) == col(Asset.holder))
    row = session.exec(query.where(Asset.tag == tag)).first()
    return _view(*row) if row else None


def holder_of(session: Session, device: str) -> str | None:
    """The account that has the device in hand."""
    return session.exec(select(Asset.holder).where(Asset.device == device)).first()


def _view(asset: Asset, account: Account | None) -> AssetView:
    return AssetView(
        tag=asset.tag,
        title=asset.title,
        kind=asset.kind,
        device=asset.device,
        identity=asset.identity,
        holder=asset.holder,
        holder_name=account.name if account else None,
        held_since_us=asset.held_since_us,
        paired_us=asset.paired_us,
        paired_by=asset.paired_by,
        note=asset.note,
    )
