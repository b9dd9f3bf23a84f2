//! Signatures beside a real library.

use minisign::KeyPair;

use super::*;

fn pair() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().unwrap()
}

/// Signs what lies there now, as `minisign -Sm` does.
pub(super) fn sign(pair: &KeyPair, library: &Path) -> PathBuf {
    let bytes = std::fs::read(library).unwrap();
    let mut name = library.as_os_str().to_owned();
    name.push(".minisig");
    let text = minisign::sign(None, &pair.sk, &bytes[..], None, None).unwrap().into_string();
    std::fs::write(&name, text).unwrap();
    name.into()
}

fn trusting(pair: &KeyPair) -> TrustPolicy {
    TrustPolicy::default().minisign_key(&pair.pk.to_base64()).unwrap()
}

fn refusal(library: &Path, policy: &TrustPolicy) -> String {
    let error = load_file(library, policy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    let error = error.to_string();
    assert!(error.contains(library.to_str().unwrap()), "{error}");
    error
}

#[test]
fn a_signed_plugin_on_no_list_is_loaded_and_reported_with_its_key() {
    let (directory, library) = copied("signed");
    let (pair, required) = (pair(), |policy: TrustPolicy| policy.require_signature(true));
    sign(&pair, &library);
    for policy in [trusting(&pair), required(trusting(&pair))] {
        let plugins = PluginSet::new(Discovery::new(policy).directory(directory.path()));
        let (_, info) = plugins.adapter("csv").unwrap();
        let id = trusting(&pair).keys[0].public.id();
        assert_eq!((info.verified, info.verified_by), (true, Some(format!("minisign:{id}"))));
        let plugin = plugins.load("csv").unwrap();
        assert_eq!(plugin.verification(), Verification::Signed(id));
        assert_eq!(first_cells(&plugin), ["Ada", "Grace"]);
    }
}

#[test]
fn a_key_in_the_allow_list_counts_for_the_plugins_it_names() {
    let (directory, library) = copied("key in list");
    let (pair, list) = (pair(), directory.path().join("allowed.toml"));
    sign(&pair, &library);
    let load = |ids: &str| {
        let public = pair.pk.to_base64();
        std::fs::write(&list, format!("[[key]]\npublic = '{public}'\nids = {ids}\nnote = 'our builds'\n"))
            .unwrap();
        load_file(&library, &TrustPolicy::default().list(load_allow_list(&list).unwrap()))
    };
    let error = load("['salesforce']").unwrap_err().to_string();
    assert!(error.contains("is pinned for other plugins (`salesforce`), and this is `csv`"), "{error}");
    assert!(load("['salesforce', 'csv']").unwrap().verification().verified());
}

#[test]
fn foreign_and_damaged_signatures_are_refused_with_the_reason() {
    let (_directory, library) = copied("foreign");
    let (ours, theirs) = (pair(), pair());
    let policy = trusting(&ours);
    let strict = policy.clone().require_signature(true).unverified(Unverified::Yes);
    let missing = refusal(&library, &policy);
    assert!(missing.contains("not on the allow-list, there is no signature lib"), "{missing}");
    let missing = refusal(&library, &strict);
    assert!(missing.contains("a signature is required, and there is no lib"), "{missing}");
    assert!(missing.contains("`minisign -Sm`"), "{missing}");

    let signature = sign(&theirs, &library);
    for policy in [&policy, &strict] {
        let error = refusal(&library, policy);
        assert!(
            error.contains("its signature is not accepted") && error.contains("which is not pinned"),
            "{error}"
        );
    }
    std::fs::write(&signature, "signed: me").unwrap();
    assert!(refusal(&library, &strict).contains("its file is not a signature of minisign"));

    // Approved bytes are approved; a signature is not asked for where it is not required.
    let listed = load_file(&library, &TrustPolicy { allow: allowing(&library).allow, ..policy }).unwrap();
    assert_eq!(listed.verification(), Verification::AllowListed);
}

#[test]
fn a_file_replaced_after_signing_or_finding_is_not_loaded() {
    let (_directory, library) = copied("before");
    let pair = pair();
    sign(&pair, &library);
    let discovery = Discovery::new(trusting(&pair)).file(&library);
    assert_eq!(discovery.find("csv").unwrap().status, Status::Usable);
    // One byte more, behind everything that is code.
    let mut bytes = std::fs::read(&library).unwrap();
    bytes.push(0);
    std::fs::write(&library, bytes).unwrap();
    let says = "or not of this file: one of the two was changed or is of another build";
    assert!(refusal(&library, discovery.policy()).contains(says));
    assert!(discovery.load("csv").unwrap_err().to_string().contains(says));
}

#[test]
fn what_was_loaded_for_one_host_is_judged_again_for_the_next() {
    let (_directory, library) = copied("twice");
    assert!(load_file(&library, &TrustPolicy::allow_everything()).is_ok());
    assert!(
        refusal(&library, &TrustPolicy::default().require_signature(true))
            .contains("a signature is required")
    );
}
