//! Whether a domain takes mail: the one question of data quality that needs a network.

#[cfg(feature = "mx")]
mod dns;

#[cfg(feature = "mx")]
pub use dns::DnsMailDomains;

/// Somebody who knows which domains take mail.
///
/// A rule does no I/O, so this is a port: the host hands an implementation to the suite, and the suite to `FMT-101`, which
/// asks only when its option `mx` is on. The feature `mx` brings one that asks the name servers of the system.
///
/// ```
/// use importer_dq::MailDomains;
/// struct Ours;
/// impl MailDomains for Ours {
///     fn accepts_mail(&self, domain: &str) -> Option<bool> {
///         (domain == "example.org").then_some(true)
///     }
/// }
/// assert_eq!(Ours.accepts_mail("example.net"), None);
/// ```
pub trait MailDomains: Send + Sync {
    /// Whether the domain (small letters, ASCII) takes mail; `None` when that cannot be found out now.
    fn accepts_mail(&self, domain: &str) -> Option<bool>;

    /// Told which domains will be asked about next, so that they can be looked up together.
    fn prepare(&self, _domains: &[&str]) {}
}
