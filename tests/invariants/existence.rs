//! I11: what should exist is found or refused, and never made on the way.

use elicense::error::{Code, Error};
use elicense::registry::{Opening, Registry};
use elicense::store::{DbUrl, Place, Store};
use elicense::trust::MasterKey;

use super::common::postgres::{Database, skipped};
use super::common::{Backend, MASTER, World, demo_regions, noon, options, world};

fn opening(place: &Place, master: [u8; 32]) -> Opening {
    Opening {
        place: place.clone(),
        master: MasterKey::from_bytes(master),
        clock: elicense::clock::Clock::fixed(noon()),
        regions: demo_regions(),
    }
}

fn refused<T>(outcome: Result<T, Error>) -> Code {
    outcome.err().expect("it must be refused").code
}

crate::on_both! {
    i11_a_second_init_a_wrong_key_and_an_unknown_log_are_refused
}

fn i11_a_second_init_a_wrong_key_and_an_unknown_log_are_refused(world: World) {
    assert_eq!(refused(Registry::found(opening(&world.place, MASTER), &options())), Code::AlreadyInitialised);
    assert_eq!(
        refused(Registry::found(opening(&world.place, [8; 32]), &options())),
        Code::AlreadyInitialised
    );
    assert_eq!(refused(Registry::open(opening(&world.place, [8; 32]))), Code::MasterKeyWrong);
    let before = world.registry.store().read_access_now(|reader| reader.heads()).unwrap().len();
    for node in ["third", "", "main-2"] {
        world.registry.start_access(node).expect_err(node);
    }
    let after = world.registry.store().read_access_now(|reader| reader.heads()).unwrap().len();
    assert_eq!(before, after, "a start makes no log");
    // Nothing of this has harmed the registry.
    Registry::open(opening(&world.place, MASTER)).unwrap().start_access("main").unwrap();
}

#[test]
fn i11_a_directory_without_a_registry_is_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::in_dir(&dir.path().join("data"));
    assert_eq!(refused(Registry::open(opening(&place, MASTER))), Code::NotInitialised);
    assert_eq!(refused(Store::migrate(&place)), Code::NotInitialised);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn i11_a_registry_whose_access_log_file_is_gone_is_refused() {
    let world = world(Backend::Sqlite).unwrap();
    let World { registry, place, .. } = world;
    drop(registry);
    std::fs::remove_file(place.dir.join("access.db")).unwrap();
    assert_eq!(refused(Registry::open(opening(&place, MASTER))), Code::NotInitialised);
    assert!(!place.dir.join("access.db").exists());
    assert_eq!(refused(Registry::found(opening(&place, MASTER), &options())), Code::AlreadyInitialised);
}

#[test]
fn i11_an_empty_postgres_database_is_not_a_registry_and_migrate_does_not_make_one() {
    let Some(database) = Database::create() else { return skipped() };
    let dir = tempfile::tempdir().unwrap();
    let place =
        Place { url: DbUrl::parse(&database.url).unwrap(), dir: dir.path().into(), point_hops: false };
    assert_eq!(refused(Registry::open(opening(&place, MASTER))), Code::NotInitialised);
    assert_eq!(refused(Store::migrate(&place)), Code::NotInitialised);
    assert!(Registry::found(opening(&place, MASTER), &options()).is_ok());
}
