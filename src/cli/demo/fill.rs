//! Filling an empty registry with the demo's data, by the same use cases that a department uses.

use super::DemoData;
use super::steps::{Act, Coded, Draft, Entry, Step};
use crate::error::{Error, Result};
use crate::policy::Actor;
use crate::record::Action;
use crate::registry::{
    ActCommand, AskedHolder, DirectoryDraft, DisputeCommand, Endorsement, FaceEdit, LinkCommand, MarkCommand,
    NewAccount, NewClient, Registry, Submitted,
};
use crate::store::{HolderState, LinkKind};

/// The contents of the registry after filling.
#[derive(Debug, Default, Clone, Copy)]
pub struct Filled {
    /// Records issued.
    pub issued: usize,
    /// Actions on them.
    pub acted: usize,
    /// Certificates entered whose body is not here.
    pub listed: usize,
    /// Marks, links, disputes.
    pub told: usize,
}

/// An issued record as later steps refer to it.
struct Made {
    identifier: String,
    version: u32,
    draft: Draft,
}

/// Fills a registry that has nothing but its types. `tick` is called after each step, for a progress bar.
pub fn fill(registry: &Registry, data: &DemoData, tick: &dyn Fn(usize, usize)) -> Result<Filled> {
    for agency in &data.agencies {
        registry.put_agency("demo", agency)?;
    }
    for authority in &data.authorities {
        registry.authorise("demo", authority)?;
    }
    for empowerment in super::agencies::Offices::read().empowerments() {
        registry.empower("demo", &empowerment)?;
    }
    for agency in &data.agencies {
        registry.make_key("demo", &agency.code)?;
    }
    for coverage in &data.coverages {
        registry.state_coverage("demo", coverage)?;
    }
    registry.refresh()?;
    registry.load_items("demo", data.items.clone())?;
    registry.load_bundles("demo", data.bundles.clone())?;
    people(registry, data)?;
    let actor = Actor::Operator { name: "demo".to_owned() };
    let mut made: Vec<Option<Made>> = Vec::new();
    let mut filled = Filled::default();
    for (number, step) in data.steps.iter().enumerate() {
        registry.refresh()?;
        let issued = match step {
            Step::Issue(draft) => {
                filled.issued += 1;
                Some(issue(registry, &actor, draft)?)
            }
            Step::Act(order) => {
                filled.acted += usize::from(act(registry, &actor, order, &mut made)?);
                None
            }
            other => {
                match other {
                    Step::Directory(_) => filled.listed += 1,
                    _ => filled.told += 1,
                }
                tell(registry, &actor, other, &made)?;
                None
            }
        };
        made.push(issued);
        tick(number + 1, data.steps.len());
    }
    Ok(filled)
}

fn people(registry: &Registry, data: &DemoData) -> Result<()> {
    for client in &data.accounts.clients {
        let new = NewClient {
            id: client.id.to_owned(),
            agency: client.agency.clone(),
            name: client.name.to_owned(),
            scopes: client.scopes.clone(),
            grants: client.grants.clone(),
            budget: client.budget,
        };
        registry.put_client("demo", &new, client.secret)?;
    }
    for account in &data.accounts.staff {
        let new = NewAccount {
            name: account.name.to_owned(),
            display: account.display.to_owned(),
            agency: account.agency.clone(),
            grants: account.grants.clone(),
            budget: account.budget,
            roles: account.roles.clone(),
            ..NewAccount::default()
        };
        registry.put_account("demo", &new, account.password)?;
    }
    Ok(())
}

fn issue(registry: &Registry, actor: &Actor, scripted: &Draft) -> Result<Made> {
    let issued = registry.issue(actor, &Submitted::Draft(scripted.clone()))?;
    Ok(Made { identifier: issued.identifier, version: issued.version, draft: scripted.clone() })
}

/// Carries an action out; false if a rule of the catalog has carried it out already.
fn act(registry: &Registry, actor: &Actor, order: &Act, made: &mut [Option<Made>]) -> Result<bool> {
    if order.by_rule {
        return Ok(false);
    }
    let missing = || Error::internal("a step of the demo refers to a step that issues nothing");
    let before = made.get_mut(order.of).and_then(Option::as_mut).ok_or_else(missing)?;
    let mut command = ActCommand::new(&before.identifier, before.version, order.action);
    command.agency = Some(order.by.clone());
    command.effective_on = Some(order.effective_on);
    command.ground = Some(order.ground.clone()).filter(|ground| !ground.is_empty());
    command.review_due = order.review_due;
    if order.action == Action::Endorse {
        command.endorsement = Some(Endorsement { kind: order.ground.clone(), result: "合格".to_owned() });
        command.ground = None;
    }
    if order.action.makes_version() {
        let next = order.successor(&before.draft);
        command.face = Some(FaceEdit::Replace(next.face.clone()));
        command.holder_names =
            order.holders.as_ref().map(|holders| holders.iter().map(|one| one.name.clone()).collect());
        command.issued_on = Some(order.effective_on);
        command.valid_from = next.valid_from;
        command.valid_to = next.valid_to;
        before.draft = next;
    }
    let acted = registry.act(actor, &command)?;
    before.identifier = acted.identifier;
    before.version = acted.version;
    Ok(true)
}

fn tell(registry: &Registry, actor: &Actor, step: &Step, made: &[Option<Made>]) -> Result<()> {
    let asked = |coded: &Coded| AskedHolder { code_type: coded.code_type.clone(), code: coded.code.clone() };
    let offices = super::agencies::Offices::read();
    let office = |key: &str| Some(offices.code(key).to_owned());
    match step {
        Step::HolderState(life) => {
            let command = MarkCommand {
                holder: asked(&life.holder),
                state: life.state,
                since: Some(life.since),
                source: None,
                ground: life.source.clone(),
                household_elsewhere: false,
                agency: office(office_of(life.state)),
                order: None,
            };
            registry.mark_holder(actor, &command, None).map(drop)
        }
        Step::Link(tie) => {
            let command = LinkCommand {
                from: asked(&tie.from),
                to: asked(&tie.to),
                kind: tie.kind,
                since: Some(tie.since),
                ground: "演示数据：经登记机关核实".to_owned(),
                names_differ: true,
                household_elsewhere: false,
                agency: office(if tie.kind == LinkKind::SamePerson { "police" } else { "market" }),
                order: None,
            };
            registry.link_holders(actor, &command, None).map(drop)
        }
        Step::Dispute(dispute) => {
            let missing = || Error::internal("a dispute of the demo refers to a step that issues nothing");
            let of = made.get(dispute.of).and_then(Option::as_ref).ok_or_else(missing)?;
            let command = DisputeCommand {
                identifier: of.identifier.clone(),
                disputed: true,
                ground: dispute.reason.clone(),
                agency: None,
            };
            registry.dispute(actor, &command, None).map(drop)
        }
        Step::Directory(entry) => registry.put_directory(actor, &listed(entry)?, None).map(drop),
        Step::Issue(_) | Step::Act(_) => Ok(()),
    }
}

/// A certificate without a body here; its name in the story becomes the note.
fn listed(entry: &Entry) -> Result<DirectoryDraft> {
    let value = serde_json::to_value(&entry.holders).map_err(Error::internal)?;
    Ok(DirectoryDraft {
        type_code: entry.type_code.clone(),
        issuer: entry.issuer.clone(),
        holders: serde_json::from_value(value).map_err(Error::internal)?,
        custody: entry.custody,
        number: entry.number.clone(),
        office: entry.office.clone(),
        note: Some(entry.name.clone()),
        issued_on: None,
        valid_from: None,
        valid_to: None,
    })
}

/// The office of the demo that states it; the words of the story are the ground.
fn office_of(state: HolderState) -> &'static str {
    match state {
        HolderState::DeathReported => "crematorium",
        HolderState::Dissolved => "market",
        _ => "police",
    }
}
