#!/usr/bin/env bash
# postgres 0.19.14 (tokio-postgres 0.7.18): a COPY … FROM STDIN that the server refuses before it has read a row costs the connection.
#
# A role that may not write a table starts a COPY into it. The server answers with SQLSTATE 42501 and is ready again; so is any other
# client. This client has sent a Sync behind the statement and sends another one behind the end of the (empty) data. The server answers
# both, the client expects one answer, and takes the second for the answer to nothing: the connection ends with "unexpected message from
# server", and whatever comes next is "connection closed". An INSERT that is refused for the same reason leaves the connection as it was.
#
# Whoever loads rows by COPY and wants to go on after a refusal (report it, store how far it came) has no connection to do so.
#
# Needs: cargo, and a Postgres server's programs (initdb, postgres). Fails when the behaviour changes.
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
postgres = "=0.19.14"
tokio-postgres = "=0.7.18"
TOML
cat > src/main.rs <<'RUST'
use postgres::{Client, NoTls};

fn main() {
    let socket = std::env::args().nth(1).unwrap();
    let to = |user: &str| format!("host={socket} port=54329 user={user} dbname=postgres");
    let mut owner = Client::connect(&to("owner"), NoTls).unwrap();
    owner.batch_execute("CREATE TABLE t (a int); CREATE ROLE guest LOGIN").unwrap();
    println!("server {}", owner.query_one("SHOW server_version", &[]).unwrap().get::<_, String>(0));
    let after = |client: &mut Client| match client.query("SELECT 1", &[]) {
        Ok(_) => "works".to_owned(),
        Err(error) => error.to_string(),
    };

    let mut guest = Client::connect(&to("guest"), NoTls).unwrap();
    let refused = guest.execute("INSERT INTO t VALUES (1)", &[]).unwrap_err();
    println!("INSERT: {}; the connection: {}", refused.code().unwrap().code(), after(&mut guest));

    let refused = guest.copy_in("COPY t FROM STDIN").err().unwrap();
    let code = refused.code().map_or("no code", |code| code.code()).to_owned();
    println!("COPY: {code}; the connection: {}; then: {}", after(&mut guest), after(&mut guest));
}
RUST
cargo build --quiet
out=$(./target/debug/client "$folder/socket")
echo "$out"
grep -q "^INSERT: 42501; the connection: works$" <<<"$out"
grep -Eq "^COPY: 42501; the connection: (unexpected message from server|connection closed); then: connection closed$" <<<"$out"
echo "as described"
