//! The tree of commands as a whole.

use super::*;

#[test]
fn every_command_is_in_a_group_and_has_an_example() {
    let root = tree::command();
    let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    for command in root.get_subcommands() {
        assert!(grouped.contains(&command.get_name()), "{} is in no group", command.get_name());
        assert!(command.get_after_help().is_some(), "{} shows no example", command.get_name());
        assert!(command.get_about().is_some(), "{} says nothing about itself", command.get_name());
    }
}

#[test]
fn the_argument_parser_finds_no_fault_in_the_tree() {
    tree::command().debug_assert();
}

#[test]
fn help_of_every_command_is_one_screen() {
    /// Lines of a usual terminal window; the front page lists every command and may be longer.
    const SCREEN_LINES: usize = 45;
    fn check(command: &mut clap::Command) {
        let lines = command.render_help().to_string().lines().count();
        assert!(lines <= SCREEN_LINES, "{}: {lines} lines", command.get_name());
        command.get_subcommands_mut().for_each(check);
    }
    let mut root = tree::command();
    root.build();
    root.get_subcommands_mut().for_each(check);
}

#[test]
fn shapes_have_different_names() {
    let mut names: Vec<&str> = SHAPES.iter().flat_map(|shapes| shapes.iter().map(|shape| shape.name)).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}
