//! A pair of minisign keys, made for one test.

use minisign::KeyPair;

use super::signing_key::{MinisignKey, PinnedKey};

pub(super) struct Signer(KeyPair);

impl Signer {
    pub(super) fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub(super) fn key(&self) -> MinisignKey {
        self.0.pk.to_base64().parse().unwrap()
    }

    pub(super) fn pinned(&self) -> PinnedKey {
        PinnedKey::new(self.key())
    }

    /// The text of a signature file.
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        minisign::sign(None, &self.0.sk, bytes, None, None).unwrap().into_string()
    }

    /// A signature of this key that claims to be by another. The id ends within the 14th character of the base64.
    pub(super) fn sign_as(&self, other: &Self, bytes: &[u8]) -> String {
        const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (own, theirs) = (self.sign(bytes), other.sign(bytes));
        let mut lines: Vec<&str> = own.lines().collect();
        let theirs = theirs.lines().nth(1).unwrap();
        let value = |text: &str| DIGITS.find(&text[13..14]).unwrap();
        let shared = value(theirs) & 0b11_0000 | value(lines[1]) & 0b00_1111;
        let forged = format!("{}{}{}", &theirs[..13], &DIGITS[shared..=shared], &lines[1][14..]);
        lines[1] = &forged;
        lines.join("\n") + "\n"
    }
}
