//! I11: a thing that should exist is found or refused, and never made on the way.

use elicense::error::{Code, Error};
use elicense::registry::{FoundingOptions, Opening, Registry};
use elicense::rule::Rule;
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
    assert_eq!(refused(Store::migrate(&place, &MasterKey::from_bytes(MASTER), noon())), Code::NotInitialised);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// A founding that breaks off behind the first logs, as a kill would.
fn breaks_off(place: &Place) {
    let twice = FoundingOptions { nodes: vec!["main".into(), "main".into()], ..options() };
    assert!(Registry::found(opening(place, MASTER), &twice).is_err());
    for opened in [Registry::open(opening(place, MASTER)), Registry::open_as_found(opening(place, MASTER))] {
        let error = opened.err().expect("it must be refused");
        assert_eq!((error.code, error.rule), (Code::NotInitialised, Some(Rule::InitUnfinished)));
    }
}

#[test]
fn i11_an_init_that_broke_off_is_no_registry() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::in_dir(&dir.path().join("data"));
    breaks_off(&place);
    // What the rule says helps.
    std::fs::remove_dir_all(&place.dir).unwrap();
    Registry::found(opening(&place, MASTER), &options()).unwrap();
    Registry::open(opening(&place, MASTER)).unwrap();
}

#[test]
fn i11_an_init_that_broke_off_in_postgres_is_no_registry() {
    let Some(database) = Database::create() else { return skipped() };
    let dir = tempfile::tempdir().unwrap();
    breaks_off(&Place {
        url: DbUrl::parse(&database.url).unwrap(),
        dir: dir.path().into(),
        point_hops: false,
    });
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
    assert_eq!(refused(Store::migrate(&place, &MasterKey::from_bytes(MASTER), noon())), Code::NotInitialised);
    assert_eq!(tables(&database.url), 0, "a database that was refused is left as it was");
    assert!(Registry::found(opening(&place, MASTER), &options()).is_ok());
}

/// Tables and the like that stand in a PostgreSQL database.
#[allow(clippy::disallowed_methods, reason = "the test reads behind the program's back")]
fn tables(url: &str) -> i64 {
    use diesel::{Connection, RunQueryDsl};
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        value: i64,
    }
    let mut conn = diesel::PgConnection::establish(url).unwrap();
    let sql = "SELECT COUNT(*) AS value FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";
    diesel::sql_query(sql).get_result::<Counted>(&mut conn).unwrap().value
}

/// Another program's file, with diesel's table too: refused before a byte of it is changed.
#[test]
#[allow(clippy::disallowed_methods, reason = "the other program")]
fn i11_another_programs_sqlite_file_is_left_as_it_was() {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    for tables in ["CREATE TABLE other (a TEXT)", "CREATE TABLE __diesel_schema_migrations (version TEXT)"] {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::in_dir(dir.path());
        for file in ["registry.db", "access.db"] {
            let path = dir.path().join(file);
            let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            conn.batch_execute(&format!("PRAGMA page_size = 16384; {tables}")).unwrap();
        }
        let read = || ["registry.db", "access.db"].map(|file| std::fs::read(dir.path().join(file)).unwrap());
        let before = read();
        assert_eq!(refused(Registry::open(opening(&place, MASTER))), Code::NotInitialised);
        assert_eq!(
            refused(Store::migrate(&place, &MasterKey::from_bytes(MASTER), noon())),
            Code::NotInitialised
        );
        assert_eq!(refused(Registry::found(opening(&place, MASTER), &options())), Code::AlreadyInitialised);
        assert!(read() == before, "{tables}: a file that was refused is left as it was");
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            2,
            "{tables}: and nothing is put beside it"
        );
    }
}

/// The last process that closes a file has it for itself for a moment: another one that starts then waits.
#[test]
#[allow(clippy::disallowed_methods, reason = "the other process")]
fn a_file_that_is_held_for_a_moment_is_waited_for() {
    use diesel::connection::{Connection as _, SimpleConnection as _};
    let world = world(Backend::Sqlite).unwrap();
    let World { registry, place, .. } = world;
    drop(registry);
    for file in ["registry.db", "access.db"] {
        let path = place.dir.join(file);
        let mut holder = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let hold = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
        holder.batch_execute(hold).unwrap();
        let released = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            drop(holder);
        });
        assert!(Registry::open(opening(&place, MASTER)).is_ok(), "{file}");
        released.join().unwrap();
    }
}
