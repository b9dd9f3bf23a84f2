#!/usr/bin/env bash
# diesel 2.3.14: errors of Postgres outside class 23 cannot be told apart.
#
# Diesel maps a dozen SQLSTATEs to kinds of their own and every other one to `DatabaseErrorKind::Unknown`. The code itself is given to nobody:
# `DatabaseErrorInformation` has message, detail, hint, table, column, constraint and position, but no SQLSTATE. So a statement that
# was cancelled by `statement_timeout` (57014), a right that lacks (42501), a lock that was not to be had (55P03) and a text that is no date (22P02, 22007)
# have one kind, and differ in the server's message alone, which is written in the language of its `lc_messages`.
#
# Whoever wants to skip a row for what stands in it, and to stop for everything else, cannot with this client.
#
# Needs: cargo, libpq with its link name (Debian: libpq-dev), and a Postgres server's programs. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder"
as=()
if [ "$(id -u)" = 0 ]; then
    # The server does not run as root.
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
stop() {
    [ -f "$folder/data/postmaster.pid" ] && kill -INT "$(head -1 "$folder/data/postmaster.pid")" 2>/dev/null || true
    sleep 1
    rm -rf "$folder"
}
trap stop EXIT
bin=$(dirname "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb | tail -1)")
mkdir "$folder/data" "$folder/socket" "$folder/client"
[ "$(id -u)" = 0 ] && chown 65534:65534 "$folder/data" "$folder/socket"
(cd "$folder/data" && "${as[@]}" "$bin/initdb" -D "$folder/data" -U owner -A trust -E UTF8 --locale=C >/dev/null)
(cd "$folder/data" && exec "${as[@]}" "$bin/postgres" -D "$folder/data" -k "$folder/socket" -c listen_addresses= -p 54329) >"$folder/log" 2>&1 &
for _ in $(seq 100); do [ -S "$folder/socket/.s.PGSQL.54329" ] && break; sleep 0.1; done

cd "$folder/client"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "client"
version = "0.1.0"
edition = "2021"

[dependencies]
diesel = { version = "=2.3.14", features = ["postgres"] }
TOML
cat > src/main.rs <<'RUST'
use diesel::connection::SimpleConnection;
use diesel::result::Error::DatabaseError;
use diesel::{Connection, PgConnection};

fn main() {
    let socket = std::env::args().nth(1).unwrap();
    let to = |user: &str| format!("host={socket} port=54329 user={user} dbname=postgres");
    let mut owner = PgConnection::establish(&to("owner")).unwrap();
    owner.batch_execute("CREATE TABLE t (a int UNIQUE); CREATE ROLE guest LOGIN; INSERT INTO t VALUES (1)").unwrap();
    let mut guest = PgConnection::establish(&to("guest")).unwrap();
    let mut told = |who: &str, what: &str, sql: &str| {
        let client = if who == "owner" { &mut owner } else { &mut guest };
        match client.batch_execute(sql) {
            Err(DatabaseError(kind, _)) => println!("{what}: {kind:?}"),
            other => println!("{what}: {other:?}"),
        }
    };
    told("owner", "unique violation (23505)", "INSERT INTO t VALUES (1)");
    told("owner", "cancelled by statement_timeout (57014)", "SET statement_timeout = 50; SELECT pg_sleep(5)");
    told("guest", "no right (42501)", "SELECT * FROM t");
    told("guest", "no date (22007)", "SELECT 'never'::date");
    told("guest", "no table (42P01)", "SELECT * FROM nowhere");
}
RUST
cargo build --quiet
out=$(./target/debug/client "$folder/socket")
echo "$out"
grep -qx "unique violation (23505): UniqueViolation" <<<"$out"
[ "$(grep -c ': Unknown$' <<<"$out")" = 4 ]
echo "as described"
