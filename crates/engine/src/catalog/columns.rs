//! The columns of a table as DuckLake names them.

use arrow::datatypes::DataType;

use crate::segment::Table;

/// A column, or the items of one that is a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LakeColumn {
    /// The field id in the files.
    pub(super) id: i64,
    pub(super) order: i64,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) nullable: bool,
    pub(super) parent: Option<i64>,
}

/// Returns the columns of a table; the items of lists come after all columns, as in the files.
pub(super) fn columns(table: Table) -> Vec<LakeColumn> {
    let schema = table.schema();
    let mut columns = Vec::new();
    let mut items = Vec::new();
    let mut next_item = i64::try_from(schema.fields().len()).unwrap_or(i64::MAX) + 1;
    for (id, (index, field)) in (1..).zip(schema.fields().iter().enumerate()) {
        let is_json = table.json_columns().contains(&index);
        let kind = if is_json { "variant" } else { kind(field.data_type()) };
        let column =
            LakeColumn { id, order: id, name: field.name().clone(), kind, nullable: field.is_nullable(), parent: None };
        if kind == "list" {
            let name = "element".to_owned();
            items.push(LakeColumn {
                id: next_item,
                order: next_item,
                name,
                kind: "varchar",
                nullable: true,
                parent: Some(id),
            });
            next_item += 1;
        }
        columns.push(column);
    }
    columns.extend(items);
    columns
}

fn kind(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Timestamp(..) => "timestamptz",
        DataType::List(_) => "list",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        _ => "varchar",
    }
}

/// Returns the wider of two bounds, or none if one of them is not known.
pub(super) fn wider(kind: &str, a: Option<&str>, b: Option<&str>, keep: Keep) -> Option<String> {
    let (a, b) = (a?, b?);
    let a_is_less = match kind {
        "int32" | "int64" => a.parse::<i64>().ok()? < b.parse::<i64>().ok()?,
        // Times have one form, whose order is that of its letters; DuckLake compares texts by their bytes.
        _ => a < b,
    };
    let a_is_kept = match keep {
        Keep::Smaller => a_is_less,
        Keep::Larger => !a_is_less,
    };
    Some(if a_is_kept { a } else { b }.to_owned())
}

/// Which of two bounds is the wider one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Smaller,
    Larger,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(wider("int64", Some("9"), Some("10"), Keep::Larger).as_deref(), Some("10"));
        assert_eq!(wider("int64", Some("9"), Some("10"), Keep::Smaller).as_deref(), Some("9"));
        assert_eq!(wider("varchar", Some("9"), Some("10"), Keep::Larger).as_deref(), Some("9"));
        assert_eq!(wider("varchar", None, Some("10"), Keep::Larger), None, "an unknown bound stays unknown");
    }

    #[test]
    fn items_of_lists_follow_all_columns() {
        let columns = columns(Table::Events);
        let tags = columns.iter().find(|column| column.name == "tags").unwrap();
        let items = columns.last().unwrap();
        assert_eq!((items.id, items.parent), (22, Some(tags.id)));
        assert_eq!(columns.iter().filter(|column| column.kind == "variant").count(), 2);
    }
}
