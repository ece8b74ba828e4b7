//! Tables for people, which fit the page: columns that have no room beside the others go under them.

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, TableComponent, presets};

use super::{Inked, columns, line};

/// A column of a table.
#[derive(Debug, Clone, Default)]
pub struct Column {
    title: String,
    cells: Vec<(String, Option<Color>)>,
}

impl Column {
    /// A column; its title may have several lines.
    pub fn new(title: &str, cells: impl IntoIterator<Item = String>) -> Column {
        let title: Vec<_> = title.split('\n').map(line).collect();
        Column {
            title: title.join("\n"),
            cells: cells
                .into_iter()
                .map(|cell| (line(&cell).into_owned(), None))
                .collect(),
        }
    }

    /// The same with colours, one for each cell, where it has any.
    pub fn coloured(mut self, colours: impl IntoIterator<Item = Option<Color>>) -> Column {
        for (cell, colour) in self.cells.iter_mut().zip(colours) {
            cell.1 = colour;
        }
        self
    }
}

/// A table whose rows have names.
#[derive(Debug, Clone)]
pub struct Grid {
    names: Column,
    columns: Vec<Column>,
}

impl Grid {
    /// A table with the names of its rows in the first column, to the left, and numbers to the right.
    pub fn new(names: Column, columns: Vec<Column>) -> Grid {
        Grid { names, columns }
    }

    /// Whether it fits as it is.
    pub fn fits(&self, width: usize) -> bool {
        fits(&self.block(&self.columns, None), width)
    }

    /// As one table if it fits, else as several of as many columns, one under the other, each with the names; a column that
    /// has no room even so is folded.
    pub fn render(&self, width: usize) -> Inked {
        let all = self.columns.len().max(1);
        let tables = |number: usize| {
            let columns = self.columns.chunks(all.div_ceil(number));
            columns.map(|some| self.block(some, None))
        };
        let fitting = (1..all).find(|number| tables(*number).all(|table| fits(&table, width)));
        let tables: Vec<String> = match (fitting, self.columns.is_empty()) {
            (Some(number), _) => tables(number).collect(),
            (None, true) => vec![self.fitted(&[], width)],
            (None, false) => {
                let each = self.columns.chunks(1);
                each.map(|column| self.fitted(column, width)).collect()
            }
        };
        Inked::of_visible(tables.join("\n"))
    }

    fn fitted(&self, columns: &[Column], width: usize) -> String {
        let table = self.block(columns, None);
        match fits(&table, width) {
            true => table,
            false => self.block(columns, Some(width)),
        }
    }

    /// Some of the columns, folded if there is a width.
    fn block(&self, columns: &[Column], folded: Option<usize>) -> String {
        let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_style(TableComponent::HeaderLines, '─')
            .set_style(TableComponent::MiddleHeaderIntersections, '─')
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(
                std::iter::once(Cell::new(&self.names.title))
                    .chain(columns.iter().map(|column| right(&column.title))),
            );
        if let Some(width) = folded {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        for (row, (name, _)) in self.names.cells.iter().enumerate() {
            let cells = columns.iter().map(|column| match column.cells.get(row) {
                Some((text, Some(colour))) => right(text).fg(*colour),
                Some((text, None)) => right(text),
                None => Cell::new(""),
            });
            table.add_row(std::iter::once(Cell::new(name)).chain(cells));
        }
        // Whether there are colours at all is decided by whoever gives them.
        table.enforce_styling();
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Colours take no room.
fn fits(block: &str, width: usize) -> bool {
    let mut lines = block.lines();
    lines.all(|line| columns(&anstream::adapter::strip_str(line).to_string()) <= width)
}
