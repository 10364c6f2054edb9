//! The workbench: what is typed, run, completed, cancelled and pinned.

use super::*;

#[test]
fn several_statements_are_worked_on() {
    let mut state = showing(View::Sql);
    press(&mut state, &["ctrl-r", "n"]);
    assert_eq!((state.sql.position(), state.sql.sheet().result.is_some()), ((2, 2), false));
    type_text(&mut state, "SELECT nothing");
    let asked = state.update(NOW, key("ctrl-r"));
    assert_eq!(questions(&asked), [Slot::Sql(1)]);
    press(&mut state, &["pgup"]);
    assert!(state.sql.sheet().result.is_some());
    // The answer comes to the one that asked.
    crate::tui::fixture::settle(&mut state, asked);
    press(&mut state, &["esc", "."]);
    assert_eq!(state.sql.sheet().result.as_ref().unwrap().sql, "SELECT nothing");
    press(&mut state, &["w"]);
    assert_eq!(state.sql.position(), (1, 1));
}

#[test]
fn a_statement_is_run_cancelled_and_charted() {
    let mut state = showing(View::Sql);
    let actions = state.update(NOW, key("ctrl-r"));
    assert_eq!(questions(&actions), [Slot::Sql(0)]);
    assert!(state.sql.sheet().running_since.is_some());
    let actions = state.update(NOW, key("esc"));
    assert!(matches!(actions.as_slice(), [Action::GiveUp { ticket }] if ticket.slot == Slot::Sql(0)));
    // What was asked in earlier sessions comes back.
    let mut setup = setup();
    setup.history = vec!["SELECT 'long ago'".to_owned()];
    let (mut later, _) = State::new(setup, NOW);
    press(&mut later, &["4", "ctrl-p"]);
    assert_eq!(later.sql.sheet().editor.text(), "SELECT 'long ago'");
    assert!(later.update(NOW, key("ctrl-r")).contains(&Action::Remember { sql: "SELECT 'long ago'".to_owned() }));
    press(&mut state, &["ctrl-r", "ctrl-t"]);
    assert!(state.sql.sheet().result.is_some() && state.sql.sheet().as_chart);
    assert!(state.panels.is_empty());
    press(&mut state, &["p", "enter"]);
    assert_eq!((state.panels.len(), state.panels[0].written.title.as_str()), (1, "events, share by type"));
    press(&mut state, &["q"]);
}

#[test]
fn a_panel_is_called_as_the_user_says_and_so_is_its_file() {
    let mut setup = setup();
    setup.dashboards = Some("/shop/dashboards".into());
    let mut state = crate::tui::fixture::dashboard_of(setup);
    press(&mut state, &["4", "ctrl-r", "p", "ctrl-u"]);
    type_text(&mut state, "Orders / minute: Größe");
    let actions = state.update(NOW, key("enter"));
    let Some(Action::SavePanel { path, text }) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(path.to_str(), Some("/shop/dashboards/orders-minute-größe.yaml"));
    assert!(text.contains("Orders / minute: Größe"), "{text}");
    // Whoever changes their mind pins nothing.
    press(&mut state, &["p", "esc"]);
    assert_eq!((state.panels.len(), state.layers.len()), (1, 0));
}

#[test]
fn passing_through_sql_types_nothing_into_the_statement() {
    let mut state = showing(View::Explorer);
    press(&mut state, &["tab"]);
    let written = state.sql.sheet().editor.text();
    assert_eq!((state.place.view, state.context()), (View::Sql, crate::tui::command::Context::Results));
    press(&mut state, &["?"]);
    assert!(matches!(state.layers.last(), Some(Layer::Help { .. })));
    press(&mut state, &["esc", "tab"]);
    assert_eq!((state.place.view, state.sql.sheet().editor.text()), (View::Heatmap, written));
    for enters in ["i", "enter"] {
        press(&mut state, &["4", enters]);
        assert_eq!(state.context(), crate::tui::command::Context::Editor, "{enters}");
        press(&mut state, &["esc", "1"]);
        assert_eq!(state.place.view, View::Overview);
    }
    assert_eq!(state.update(NOW, key("q")), [Action::Quit { why: Ending::Left }]);
}

#[test]
fn a_statement_runs_on_while_another_view_is_looked_at_and_is_cancelled_later() {
    let mut state = showing(View::Sql);
    let asked = state.update(NOW, key("ctrl-r"));
    press(&mut state, &["6"]);
    assert!(state.place.view == View::Health && state.sql.sheet().running_since.is_some());
    press(&mut state, &["4"]);
    let actions = state.update(NOW, key("esc"));
    assert!(actions.iter().any(|action| matches!(action, Action::GiveUp { ticket } if ticket.slot == Slot::Sql(0))));
    assert!(state.sql.sheet().is_cancelled && state.sql.sheet().running_since.is_none());
    // What was under way comes too late.
    crate::tui::fixture::settle(&mut state, asked);
    assert!(state.sql.sheet().result.is_none());
    press(&mut state, &["r"]);
    assert!(!state.sql.sheet().is_cancelled && state.sql.sheet().result.is_some());
}

#[test]
fn values_are_completed_in_statements_and_in_filters() {
    let mut state = showing(View::Sql);
    press(&mut state, &["i", "ctrl-u"]);
    type_text(&mut state, "WHERE os = 'i");
    let asked = state.update(NOW, key("tab"));
    let sql = asked.iter().find_map(|action| match action {
        Action::Ask { question: Question::Sql { sql, .. }, .. } => Some(sql.clone()),
        _ => None,
    });
    assert!(sql.unwrap().starts_with("SELECT os AS value, count(*)"));
    crate::tui::fixture::settle(&mut state, asked);
    press(&mut state, &["enter"]);
    assert_eq!(state.sql.sheet().editor.text(), "WHERE os = 'iOS'");
    type_text(&mut state, " AND os = 'an");
    // They are known by now.
    assert!(questions(&state.update(NOW, key("tab"))).is_empty());
    assert_eq!(state.sql.sheet().editor.text(), "WHERE os = 'iOS' AND os = 'Android'");
    // What is typed narrows what is offered, until it is written out.
    press(&mut state, &["ctrl-u"]);
    type_text(&mut state, "SELECT s");
    press(&mut state, &["tab"]);
    let offered = |state: &State| state.sql.sheet().offered.as_ref().map(|offered| offered.words.clone());
    assert!(offered(&state).unwrap().len() > 3);
    type_text(&mut state, "e");
    assert_eq!(offered(&state).unwrap(), ["severity", "session_id", "SELECT"]);
    type_text(&mut state, "verity");
    assert_eq!(offered(&state), None);
    press(&mut state, &["esc", "/"]);
    type_text(&mut state, "sou");
    press(&mut state, &["tab"]);
    type_text(&mut state, "=/ch");
    press(&mut state, &["tab", "enter"]);
    assert_eq!(state.place.filter, "source=/checkout");
}
