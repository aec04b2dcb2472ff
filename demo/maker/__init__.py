"""Makes the demo library: shapes -> pictures -> assets -> packs."""
