use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;

fn grant(json: &str) -> Grant {
    serde_json::from_str(json).unwrap()
}

fn client(grants: Vec<Grant>, enabled: bool) -> Actor {
    let client = Client {
        id: "c".into(),
        agency: "a".into(),
        name: "n".into(),
        scopes: vec![Scope::Lookup],
        grants,
        budget: 10,
        enabled,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes: vec![Scope::Lookup, Scope::Issue] }
}

fn fields(names: &[&str]) -> Fields {
    Fields::Named(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
}

#[test]
fn i4_what_no_grant_names_is_refused_with_the_reason() {
    let actor = client(vec![grant(r#"{"types":["T1"],"fields":"whole","purposes":["P1"]}"#)], true);
    let reason = |type_code, item| decide(&actor, Scope::Lookup, type_code, item).reason().wire();
    assert_eq!(reason("T1", Some("P1")), "grant_whole");
    assert_eq!(reason("T2", Some("P1")), "type_not_granted");
    assert_eq!(reason("T1", Some("P2")), "purpose_not_granted");
    assert_eq!(reason("T1", None), "purpose_not_granted");
    assert_eq!(decide(&actor, Scope::Issue, "T1", Some("P1")).reason().wire(), "scope_missing");
    let ended = client(vec![grant(r#"{"types":"*","fields":"whole","purposes":"*"}"#)], false);
    assert_eq!(decide(&ended, Scope::Lookup, "T1", None).reason().wire(), "actor_disabled");
    assert!(matches!(decide(&client(vec![], true), Scope::Lookup, "T1", None), Decision::Refused { .. }));
}

#[test]
fn i4_two_grants_give_what_either_gives_and_asking_less_gives_less() {
    let actor = client(
        vec![
            grant(r#"{"types":"*","fields":["name"],"purposes":["P1"]}"#),
            grant(r#"{"types":["T1"],"fields":["sex"],"purposes":"*"}"#),
        ],
        true,
    );
    assert_eq!(decide(&actor, Scope::Lookup, "T1", Some("P1")).fields().unwrap(), fields(&["name", "sex"]));
    assert_eq!(decide(&actor, Scope::Lookup, "T1", None).fields().unwrap(), fields(&["sex"]));
    assert!(decide(&actor, Scope::Lookup, "T2", None).fields().is_err());
    let asked = Some(["sex".to_owned(), "nation".to_owned()].into());
    assert_eq!(fields(&["name", "sex"]).narrowed(asked.as_ref()), fields(&["sex"]));
    assert_eq!(Fields::Whole.narrowed(asked.as_ref()), fields(&["nation", "sex"]));
}

#[test]
fn a_grant_reads_back_as_it_was_written() {
    for text in [
        r#"{"types":"*","fields":"whole","purposes":["P"]}"#,
        r#"{"types":["T"],"fields":["name"],"purposes":"*"}"#,
    ] {
        assert_eq!(serde_json::to_string(&grant(text)).unwrap(), text);
    }
    assert!(serde_json::from_str::<Grant>(r#"{"types":"all","fields":"whole","purposes":"*"}"#).is_err());
    assert!(
        serde_json::from_str::<Grant>(r#"{"types":"*","fields":"whole","purposes":"*","more":1}"#).is_err()
    );
}

#[test]
fn i4_a_client_works_for_its_own_agency_and_an_operator_for_any() {
    let client = client(vec![], true);
    let operator = Actor::Operator { name: "o".into() };
    let asked = |actor: &Actor, asked| {
        agency_for(actor, asked, "issuer")
            .map(|agency| agency.map(str::to_owned))
            .map_err(|error| (error.code, error.field.unwrap_or_default().into_owned(), error.rule))
    };
    assert_eq!(asked(&client, None), Ok(Some("a".into())));
    assert_eq!(asked(&client, Some("a")), Ok(Some("a".into())));
    let refused = (crate::error::Code::Forbidden, "issuer".to_owned(), Some(Rule::AgencyMismatch));
    assert_eq!(asked(&client, Some("b")), Err(refused));
    assert_eq!(asked(&operator, Some("b")), Ok(Some("b".into())));
    assert_eq!(asked(&operator, None), Ok(None));
}
