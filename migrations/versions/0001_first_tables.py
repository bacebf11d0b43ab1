"""first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("website", sa.String(length=255), nullable=True),
        sa.Column("registration", sa.String(length=60), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_reason", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("slug", name=op.f("uq_agency_slug")),
    )
    op.create_table(
        "export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint("format IN ('csv', 'jsonl')", name=op.f("ck_export_format")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("worker", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "ledger_event",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_event")),
    )
    with op.batch_alter_table("ledger_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_event_type"), ["type"], unique=False)

    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("phase", sa.String(length=8), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("raw_sha256", sa.String(length=64), nullable=True),
        sa.Column("last_code", sa.Integer(), nullable=True),
        sa.Column("last_text", sa.String(length=1000), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "phase IS NULL OR phase IN ('connect', 'mail', 'rcpt', 'data', 'done')",
            name=op.f("ck_mail_phase"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'uncertain', 'refused', 'parked', 'cancelled')",
            name=op.f("ck_mail_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint(
            "kind",
            "about",
            "role",
            "generation",
            name=op.f("uq_mail_kind_about_role_generation"),
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_mail_message_id")),
    )
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.create_index("ix_mail_about", ["about"], unique=False)
        batch_op.create_index("ix_mail_due", ["state", "due_at"], unique=False)

    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("province", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["place.id"], name=op.f("fk_place_parent_id_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("parent_id", "slug", name=op.f("uq_place_parent_id_slug")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_place_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_place_slug"), ["slug"], unique=False)

    op.create_table(
        "policy_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("revised_on", sa.String(length=10), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint(
            "document",
            "number",
            "locale",
            name=op.f("uq_policy_version_document_number_locale"),
        ),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=True),
        sa.Column("public_by_contract", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("format IN ('kyero')", name=op.f("ck_feed_format")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_feed_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("slug", name=op.f("uq_feed_slug")),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_agency_id"), ["agency_id"], unique=False)

    op.create_table(
        "ledger_payload",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("half", sa.String(length=8), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("half IN ('business', 'person')", name=op.f("ck_ledger_payload_half")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["ledger_event.id"],
            name=op.f("fk_ledger_payload_event_id_ledger_event"),
        ),
        sa.PrimaryKeyConstraint("event_id", "half", name=op.f("pk_ledger_payload")),
    )
    op.create_table(
        "mail_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("phase", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_mail_attempt_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_attempt")),
    )
    with op.batch_alter_table("mail_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_attempt_mail_id"), ["mail_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("policy_version_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("first_served_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_notice_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["policy_version_id"],
            ["policy_version.id"],
            name=op.f("fk_notice_policy_version_id_policy_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_served", ["agency_id", "locale", "first_served_at"], unique=False)

    op.create_table(
        "office",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postal_code", sa.String(length=12), nullable=False),
        sa.Column("town", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_office_agency_id_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
    )
    with op.batch_alter_table("office", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_office_agency_id"), ["agency_id"], unique=False)

    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_how", sa.String(length=10), nullable=True),
        sa.Column("confirmed_by", sa.String(length=120), nullable=True),
        sa.Column("confirmed_reason", sa.String(length=500), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "confirmed_how IS NULL OR confirmed_how IN ('link', 'ops')",
            name=op.f("ck_contact_confirmed_how"),
        ),
        sa.CheckConstraint("role IN ('primary', 'second')", name=op.f("ck_contact_role")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_contact_office_id_office")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_office_id"), ["office_id"], unique=False)

    op.create_table(
        "feed_snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_snapshot_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_snapshot")),
    )
    with op.batch_alter_table("feed_snapshot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_snapshot_feed_id"), ["feed_id"], unique=False)

    op.create_table(
        "property",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=12), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(length=50), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("blocked_reason", sa.String(length=500), nullable=True),
        sa.Column("market_status", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source_type", sa.String(length=120), nullable=False),
        sa.Column("new_build", sa.Boolean(), nullable=True),
        sa.Column("part_ownership", sa.Boolean(), nullable=True),
        sa.Column("leasehold", sa.Boolean(), nullable=True),
        sa.Column("offer", sa.String(length=10), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("previous_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_period", sa.String(length=5), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("town_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("postal_code", sa.String(length=12), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("bedrooms", sa.Integer(), nullable=True),
        sa.Column("bathrooms", sa.Integer(), nullable=True),
        sa.Column("built_m2", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("plot_m2", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("terrace_m2", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("year_built", sa.Integer(), nullable=True),
        sa.Column("pool", sa.String(length=10), nullable=False),
        sa.Column("energy_state", sa.String(length=10), nullable=False),
        sa.Column("energy_consumption", sa.String(length=1), nullable=True),
        sa.Column("energy_consumption_kwh", sa.Numeric(precision=8, scale=2), nullable=True),
        sa.Column("energy_emissions", sa.String(length=1), nullable=True),
        sa.Column("energy_emissions_kg", sa.Numeric(precision=8, scale=2), nullable=True),
        sa.Column("community_fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("cadastral_reference", sa.String(length=20), nullable=True),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("video_url", sa.String(length=500), nullable=True),
        sa.Column("tour_url", sa.String(length=500), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("source_modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing_snapshots", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "energy_state IN ('rated', 'exempt', 'in_process', 'unknown')",
            name=op.f("ck_property_energy_state"),
        ),
        sa.CheckConstraint(
            "kind IN ('apartment', 'penthouse', 'duplex', 'studio', 'villa', 'bungalow', 'town_house', 'country_house', 'cave_house', 'wooden_home', 'land', 'ruin', 'garage', 'storage', 'commercial', 'office', 'hotel', 'building', 'other')",
            name=op.f("ck_property_kind"),
        ),
        sa.CheckConstraint(
            "market_status IN ('available', 'under_offer', 'reserved', 'sold', 'let', 'off_market', 'unknown')",
            name=op.f("ck_property_market_status"),
        ),
        sa.CheckConstraint(
            "offer IN ('sale', 'rent_long', 'rent_short')",
            name=op.f("ck_property_offer"),
        ),
        sa.CheckConstraint(
            "pool IN ('yes', 'no', 'private', 'communal', 'unknown')",
            name=op.f("ck_property_pool"),
        ),
        sa.CheckConstraint(
            "price_period IN ('month', 'week', 'day') OR price_period IS NULL",
            name=op.f("ck_property_price_period"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'published', 'held', 'stale', 'withdrawn', 'blocked', 'erased')",
            name=op.f("ck_property_state"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_property_agency_id_agency")),
        sa.ForeignKeyConstraint(["area_id"], ["place.id"], name=op.f("fk_property_area_id_place")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_property_feed_id_feed")),
        sa.ForeignKeyConstraint(["town_id"], ["place.id"], name=op.f("fk_property_town_id_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property")),
        sa.UniqueConstraint("feed_id", "source_id", name=op.f("uq_property_feed_id_source_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_property_public_id")),
    )
    with op.batch_alter_table("property", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_property_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_property_area_id"), ["area_id"], unique=False)
        batch_op.create_index("ix_property_newest", ["state", "offer", "published_at", "id"], unique=False)
        batch_op.create_index("ix_property_price", ["state", "offer", "price_minor", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_property_reference"), ["reference"], unique=False)
        batch_op.create_index(batch_op.f("ix_property_town_id"), ["town_id"], unique=False)
        batch_op.create_index(
            "ix_property_town_newest",
            ["state", "offer", "town_id", "published_at", "id"],
            unique=False,
        )

    op.create_table(
        "feed_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('applied', 'held', 'failed', 'dry_run')",
            name=op.f("ck_feed_run_outcome"),
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_run_feed_id_feed")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["feed_snapshot.id"],
            name=op.f("fk_feed_run_snapshot_id_feed_snapshot"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_run")),
    )
    with op.batch_alter_table("feed_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_run_feed_id"), ["feed_id"], unique=False)

    op.create_table(
        "lead",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("property_reference", sa.String(length=255), nullable=False),
        sa.Column("property_title", sa.String(length=255), nullable=False),
        sa.Column("property_price", sa.String(length=60), nullable=False),
        sa.Column("property_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("intent", sa.String(length=10), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("page", sa.String(length=500), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("screening", sa.String(length=8), nullable=False),
        sa.Column("parked_reason", sa.String(length=30), nullable=True),
        sa.Column("ledger_event_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("intent IN ('question', 'viewing', 'papers')", name=op.f("ck_lead_intent")),
        sa.CheckConstraint(
            "parked_reason IS NULL OR parked_reason IN ('agency_paused', 'no_confirmed_contact')",
            name=op.f("ck_lead_parked_reason"),
        ),
        sa.CheckConstraint("screening IN ('forward', 'held', 'spam')", name=op.f("ck_lead_screening")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_lead_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["ledger_event_id"],
            ["ledger_event.id"],
            name=op.f("fk_lead_ledger_event_id_ledger_event"),
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_lead_notice_id_notice")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_lead_property_id_property")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("reference", name=op.f("uq_lead_reference")),
    )
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lead_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_lead_property_id"), ["property_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_lead_received_at"), ["received_at"], unique=False)

    op.create_table(
        "property_photo",
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("source_url", sa.String(length=2000), nullable=False),
        sa.Column("caption", sa.String(length=255), nullable=True),
        sa.Column("media", sa.String(length=64), nullable=True),
        sa.CheckConstraint("kind IN ('photo', 'floorplan')", name=op.f("ck_property_photo_kind")),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["property.id"],
            name=op.f("fk_property_photo_property_id_property"),
        ),
        sa.PrimaryKeyConstraint("property_id", "position", name=op.f("pk_property_photo")),
    )
    with op.batch_alter_table("property_photo", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_property_photo_media"), ["media"], unique=False)

    op.create_table(
        "property_text",
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["property_id"],
            ["property.id"],
            name=op.f("fk_property_text_property_id_property"),
        ),
        sa.PrimaryKeyConstraint("property_id", "locale", name=op.f("pk_property_text")),
    )
    op.create_table(
        "choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("control", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=500), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('given', 'refused', 'withdrawn')", name=op.f("ck_choice_state")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_choice_lead_id_lead")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_choice_notice_id_notice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice")),
    )
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_choice_lead_id"), ["lead_id"], unique=False)

    op.create_table(
        "confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("address_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_confirmation_lead_id_lead")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_confirmation_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_confirmation_lead_id")),
    )
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_confirmation_address_fingerprint"),
            ["address_fingerprint"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_confirmation_mail_id"), ["mail_id"], unique=False)

    op.create_table(
        "disclosure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_disclosure_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_disclosure_contact_id_contact"),
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_disclosure_lead_id_lead")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_disclosure_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disclosure_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disclosure_mail_id"), ["mail_id"], unique=False)

    op.create_table(
        "feed_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("source_id", sa.String(length=50), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint("severity IN ('rejected', 'warning')", name=op.f("ck_feed_finding_severity")),
        sa.ForeignKeyConstraint(["run_id"], ["feed_run.id"], name=op.f("fk_feed_finding_run_id_feed_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_finding")),
    )
    with op.batch_alter_table("feed_finding", schema=None) as batch_op:
        batch_op.create_index("ix_feed_finding_run", ["run_id"], unique=False)

    op.create_table(
        "lead_person",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("phone_e164", sa.String(length=16), nullable=False),
        sa.Column("phone_region", sa.String(length=2), nullable=False),
        sa.Column("reach", sa.String(length=10), nullable=False),
        sa.Column("professional", sa.Boolean(), nullable=False),
        sa.Column("company", sa.String(length=120), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answer_locale", sa.String(length=5), nullable=False),
        sa.Column("timing", sa.String(length=20), nullable=False),
        sa.Column("funding", sa.String(length=20), nullable=False),
        sa.CheckConstraint("reach IN ('email', 'phone', 'whatsapp')", name=op.f("ck_lead_person_reach")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_person_lead_id_lead")),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_lead_person")),
    )
    op.create_table(
        "status_link",
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_status_link_lead_id_lead")),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_status_link")),
    )
    with op.batch_alter_table("status_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_status_link_lead_id"), ["lead_id"], unique=False)

    op.create_table(
        "submission",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_submission_lead_id_lead")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_submission")),
    )
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_submission_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_submission_lead_id"), ["lead_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_submission_lead_id"))
        batch_op.drop_index(batch_op.f("ix_submission_created_at"))

    op.drop_table("submission")
    with op.batch_alter_table("status_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_status_link_lead_id"))

    op.drop_table("status_link")
    op.drop_table("lead_person")
    with op.batch_alter_table("feed_finding", schema=None) as batch_op:
        batch_op.drop_index("ix_feed_finding_run")

    op.drop_table("feed_finding")
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disclosure_mail_id"))
        batch_op.drop_index(batch_op.f("ix_disclosure_lead_id"))

    op.drop_table("disclosure")
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_confirmation_mail_id"))
        batch_op.drop_index(batch_op.f("ix_confirmation_address_fingerprint"))

    op.drop_table("confirmation")
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_choice_lead_id"))

    op.drop_table("choice")
    op.drop_table("property_text")
    with op.batch_alter_table("property_photo", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_property_photo_media"))

    op.drop_table("property_photo")
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lead_received_at"))
        batch_op.drop_index(batch_op.f("ix_lead_property_id"))
        batch_op.drop_index(batch_op.f("ix_lead_agency_id"))

    op.drop_table("lead")
    with op.batch_alter_table("feed_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_run_feed_id"))

    op.drop_table("feed_run")
    with op.batch_alter_table("property", schema=None) as batch_op:
        batch_op.drop_index("ix_property_town_newest")
        batch_op.drop_index(batch_op.f("ix_property_town_id"))
        batch_op.drop_index(batch_op.f("ix_property_reference"))
        batch_op.drop_index("ix_property_price")
        batch_op.drop_index("ix_property_newest")
        batch_op.drop_index(batch_op.f("ix_property_area_id"))
        batch_op.drop_index(batch_op.f("ix_property_agency_id"))

    op.drop_table("property")
    with op.batch_alter_table("feed_snapshot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_snapshot_feed_id"))

    op.drop_table("feed_snapshot")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_office_id"))

    op.drop_table("contact")
    with op.batch_alter_table("office", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_office_agency_id"))

    op.drop_table("office")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_served")

    op.drop_table("notice")
    with op.batch_alter_table("mail_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mail_attempt_mail_id"))

    op.drop_table("mail_attempt")
    op.drop_table("ledger_payload")
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_agency_id"))

    op.drop_table("feed")
    op.drop_table("policy_version")
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_place_slug"))
        batch_op.drop_index(batch_op.f("ix_place_parent_id"))

    op.drop_table("place")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_index("ix_mail_due")
        batch_op.drop_index("ix_mail_about")

    op.drop_table("mail")
    with op.batch_alter_table("ledger_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_event_type"))

    op.drop_table("ledger_event")
    op.drop_table("heartbeat")
    op.drop_table("export")
    op.drop_table("agency")
