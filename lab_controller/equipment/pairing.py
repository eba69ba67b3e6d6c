"""What people do with assets: pair a kit with its tag, hand it out, take it back."""

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from lab_controller import audit
from lab_controller.bus.changes import ASSETS, Changes
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.equipment.assets import AssetView, find_asset, list_assets
from lab_controller.equipment.tables import Asset, Device
from lab_controller.errors import Conflict, Invalid, NotFound
from lab_controller.people.tables import Account

LONGEST_TAG = 32


class AssetsService:
    def __init__(self, database: Database, clock: Clock, changes: Changes) -> None:
        self._database = database
        self._clock = clock
        self._changes = changes

    def list_assets(self) -> list[AssetView]:
        """All by tag."""
        with self._database.read() as session:
            return list_assets(session)

    def get_asset(self, tag: str) -> AssetView:
        """Raises NotFound."""
        with self._database.read() as session:
            return _found(session, tag)

    def pair(
        self, *, actor: str, tag: str, device: str, title: str = "", identity: str = "", note: str = ""
    ) -> AssetView:
        """Say which kit the tag is stuck on; the same pair again is only a change of its title.

        Raises NotFound, Invalid `tag_invalid`, Conflict `device_paired` or `tag_paired`.
        """
        tag = clean_tag(tag)

        def act(session: Session) -> None:
            found = session.get(Device, device)
            if found is None:
                raise NotFound("device_unknown", device=device)
            other = session.exec(select(Asset).where(Asset.device == device, col(Asset.tag) != tag)).first()
            if other is not None:
                raise Conflict("device_paired", device=found.name, tag=other.tag)
            asset = session.get(Asset, tag, with_for_update=True)
            if asset is not None and asset.device not in (None, device):
                raise Conflict("tag_paired", tag=tag, device=asset.device)
            now_us = self._clock.now_us()
            if asset is None:
                asset = Asset(
                    tag=tag, title="", kind="", identity="", paired_us=now_us, paired_by=actor, note=""
                )
                session.add(asset)
            if asset.device is None:
                asset.paired_us, asset.paired_by = now_us, actor
            asset.device, asset.kind, asset.identity = device, found.kind, identity or device
            asset.title = title.strip()[:100] or asset.title or found.name
            asset.note = note.strip()[:500] or asset.note
            self._audit(session, actor, "asset_paired", tag, device=device)

        return self._change(tag, act)

    def unpair(self, *, actor: str, tag: str) -> AssetView:
        """The tag is on no kit any more; the asset stays."""

        def act(session: Session) -> None:
            _row(session, tag).device = None
            self._audit(session, actor, "asset_unpaired", tag)

        return self._change(tag, act)

    def hold(self, *, actor: str, tag: str, login: str) -> AssetView:
        """Somebody has it in hand now. Raises Conflict `asset_held` while somebody else has."""

        def act(session: Session) -> None:
            folded = login.strip().casefold()
            account = session.exec(select(Account).where(Account.login == folded)).first()
            if account is None:
                raise NotFound("login_unknown", login=login)
            asset = _row(session, tag)
            if asset.holder == account.id:
                return
            if asset.holder is not None:
                raise Conflict("asset_held", tag=tag)
            asset.holder, asset.held_since_us = account.id, self._clock.now_us()
            self._audit(session, actor, "asset_held", tag, account=account.id)

        return self._change(tag, act)

    def give_back(self, *, actor: str, tag: str) -> AssetView:
        """Nobody has it in hand."""

        def act(session: Session) -> None:
            asset = _row(session, tag)
            if asset.holder is not None:
                self._audit(session, actor, "asset_given_back", tag, account=asset.holder)
            asset.holder = asset.held_since_us = None

        return self._change(tag, act)

    def _change(self, tag: str, act: Callable[[Session], None]) -> AssetView:
        try:
            view = self._change_once(tag, act)
        except IntegrityError:
            # On PostgreSQL another worker may pair the same kit in the same moment.
            view = self._change_once(tag, act)
        self._changes.announce([ASSETS])
        return view

    def _change_once(self, tag: str, act: Callable[[Session], None]) -> AssetView:
        with self._database.write() as session:
            act(session)
            session.flush()
            return _found(session, tag)

    def _audit(self, session: Session, actor: str, action: str, tag: str, **payload: object) -> None:
        audit.append(
            session,
            at_us=self._clock.now_us(),
            actor=actor,
            action=action,
            subject=f"asset:{tag}",
            payload=payload,
        )


def clean_tag(tag: str) -> str:
    """The tag as it is kept, in capitals. Raises Invalid `tag_invalid`."""
    kept = tag.strip().upper()
    if not 1 <= len(kept) <= LONGEST_TAG or not all(c.isalnum() or c in "-._" for c in kept):
        raise Invalid("tag_invalid", tag=tag[:LONGEST_TAG], longest=LONGEST_TAG)
    return kept


def _row(session: Session, tag: str) -> Asset:
    row = session.get(Asset, tag, with_for_update=True)
    if row is None:
        raise NotFound("asset_unknown", tag=tag)
    return row


def _found(session: Session, tag: str) -> AssetView:
    view = find_asset(session, tag)
    if view is None:
        raise NotFound("asset_unknown", tag=tag)
    return view
