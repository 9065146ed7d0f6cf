//! The output of the commands.

use elicense::registry::Submitted;

use super::Stable;
use super::common::program::Installed;
use super::common::{operator, people};

#[test]
fn the_commands_print_what_they_always_did() {
    let installed = Installed::new(|registry| {
        people::settle(registry);
        registry.refresh().unwrap();
        for draft in
            [people::id_card(people::ZHOU, "周海燕", "2020-01-01"), people::marriage("J190101-2015-000123")]
        {
            registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
        }
    });
    let mut stable = Stable::default();
    let lookup = ["lookup", "--item", "失业登记", "--reason", "窗口办理", "--case", "2026-1"];
    let certificate = ["--certificate", "marriage_certificate", "--certificate", "birth_certificate"];
    for (name, arguments) in [
        ("lookup", lookup.to_vec()),
        ("lookup_types", [&lookup[..], &certificate].concat()),
        ("list", vec!["holder", "list", "--item", "失业登记", "--reason", "窗口办理"]),
    ] {
        let output = installed.run(&arguments, people::ZHOU);
        assert!(output.status.success(), "{output:?}");
        // The commands go by the clock of the machine: an absence is told up to today.
        let today = elicense::clock::Clock::System.now().day().to_string();
        let printed = String::from_utf8(output.stdout).unwrap().replace(&today, "<today>");
        stable.same(&format!("command_{name}"), &printed);
    }
}
