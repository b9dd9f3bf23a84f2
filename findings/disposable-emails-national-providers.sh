#!/usr/bin/env bash
# disposable-emails 0.1.1: the main mail providers of whole countries are on its list of throw-away domains.
#
# The crate carries the aggregated list of a community. Among its 72,000 domains are providers where people keep their address for life:
# onet.pl, op.pl and vp.pl (the largest Polish portal), freemail.hu (the largest Hungarian provider), sohu.com, tom.com and 21cn.com (Chinese
# portals), consultant.com and dr.com (paid names of mail.com). Craigslist's relay and the relays of two browsers, whose mail reaches a
# person, are there as well. Whoever turns such addresses away turns away volunteers; a list of exceptions is needed beside it.
#
# Needs: cargo. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "asks"
version = "0.1.0"
edition = "2021"

[dependencies]
disposable-emails = "=0.1.1"
TOML
cat > src/main.rs <<'RUST'
fn main() {
    let domains = "onet.pl op.pl vp.pl freemail.hu sohu.com tom.com 21cn.com consultant.com dr.com craigslist.org duck.com mozmail.com \
        gmail.com web.de wp.pl seznam.cz citromail.hu 163.com lawyer.com mailinator.com";
    for domain in domains.split_whitespace() {
        println!("{domain}: {}", disposable_emails::is_disposable_domain(domain));
    }
}
RUST
cargo run -q > told
cat told
diff told - <<'TOLD'
onet.pl: true
op.pl: true
vp.pl: true
freemail.hu: true
sohu.com: true
tom.com: true
21cn.com: true
consultant.com: true
dr.com: true
craigslist.org: true
duck.com: true
mozmail.com: true
gmail.com: false
web.de: false
wp.pl: false
seznam.cz: false
citromail.hu: false
163.com: false
lawyer.com: false
mailinator.com: true
TOLD
echo "As seen: nine providers, and three relays, of which none is a throw-away box."
