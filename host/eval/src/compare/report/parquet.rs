//! Every single score as a Parquet file: for statistics of one's own, in pandas, DuckDB, R or whatever reads it.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::compare::{CellOutcome, Design, Finish, ListedCell};
use crate::driver::{CellReport, TaskReport};

/// Writes the scores of all finished cells: a row per suite, strategy, seed, order, task and metric.
///
/// | column | |
/// |---|---|
/// | `suite`, `strategy`, `floor` | which, and whether the strategy is one of the host's own |
/// | `seed`, `order` | which run |
/// | `task`, `group` | `<stream>/<task>`, and the group that intervals resample |
/// | `asked` | its place among the questions of the run, from 0 |
/// | `metric`, `score` | what was measured; null if it is no finite number |
/// | `tokens` | handed over at the primary budget |
/// | `baseline` | what the same agent scores without memory, where that arm was run, else null |
///
/// # Errors
/// If it cannot be written.
pub fn parquet(
    to: impl Write + Send,
    design: &Design,
    finish: &Finish,
) -> Result<(), ParquetError> {
    let schema = schema();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut writer = ArrowWriter::try_new(to, schema.clone(), Some(properties))?;
    for (cell, outcome) in design.cells().iter().zip(&finish.outcomes) {
        if let CellOutcome::Finished(report) = outcome {
            writer.write(&rows(&schema, cell, report)?)?;
        }
    }
    writer.close()?;
    Ok(())
}

fn schema() -> SchemaRef {
    let always = |name: &str, kind| Field::new(name, kind, false);
    let where_known = |name: &str, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        always("suite", DataType::Utf8),
        always("strategy", DataType::Utf8),
        always("floor", DataType::Boolean),
        always("seed", DataType::UInt64),
        always("order", DataType::UInt32),
        always("task", DataType::Utf8),
        always("group", DataType::Utf8),
        always("asked", DataType::UInt32),
        always("metric", DataType::Utf8),
        where_known("score", DataType::Float64),
        always("tokens", DataType::UInt32),
        where_known("baseline", DataType::Float64),
    ]))
}

fn rows(
    schema: &SchemaRef,
    cell: &ListedCell,
    report: &CellReport,
) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<(&TaskReport, &str, f64)> = report
        .tasks
        .iter()
        .flat_map(|task| {
            let scores = task.scores.iter();
            scores.map(move |(metric, score)| (task, metric.as_str(), *score))
        })
        .collect();
    let texts = |of: fn(&TaskReport) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(task, ..)| of(task)),
        ))
    };
    let numbers = |of: fn(&TaskReport) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(
            rows.iter().map(|(task, ..)| of(task)),
        ))
    };
    let same = |text: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| text)))
    };
    let finite = |value: f64| value.is_finite().then_some(value);
    let key = &cell.key;
    let columns: Vec<ArrayRef> = vec![
        same(&key.suite),
        same(&key.strategy),
        Arc::new(BooleanArray::from(vec![key.floor; rows.len()])),
        Arc::new(UInt64Array::from(vec![key.repetition.seed; rows.len()])),
        Arc::new(UInt32Array::from(vec![key.repetition.order; rows.len()])),
        texts(|task| &task.task),
        texts(|task| &task.group),
        numbers(|task| task.asked),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(_, metric, _)| metric),
        )),
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|(.., score)| finite(*score)),
        )),
        numbers(|task| task.tokens),
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|(task, ..)| task.baseline.and_then(finite)),
        )),
    ];
    RecordBatch::try_new(schema.clone(), columns)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Float64Type;
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

    use super::*;
    use crate::compare::testing;

    /// Two strategies and a floor; the second strategy's run did not take place.
    fn read_back() -> RecordBatch {
        let design = testing::design(&testing::comparison(1));
        let mut report = testing::report(&[1.0, f64::NAN]);
        report.tasks[1].baseline = Some(0.25);
        let finish = Finish {
            outcomes: vec![
                CellOutcome::Finished(Box::new(report)),
                CellOutcome::Failed("it cannot".to_owned()),
                CellOutcome::Finished(Box::new(testing::report(&[0.5]))),
            ],
            interrupted: false,
            outage: None,
        };
        let mut file = Vec::new();
        parquet(&mut file, &design, &finish).unwrap();
        let reader = ParquetRecordBatchReader::try_new(Bytes::from(file), 1_024).unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        arrow::compute::concat_batches(&schema(), &batches).unwrap()
    }

    #[test]
    fn every_score_is_a_row() {
        let rows = read_back();
        let texts = |name: &str| -> Vec<String> {
            let column = rows.column_by_name(name).unwrap().as_string::<i32>();
            column.iter().flatten().map(str::to_owned).collect()
        };
        assert_eq!(
            texts("strategy"),
            ["rag", "rag", "rag", "rag", "random", "random"]
        );
        assert_eq!(
            texts("task"),
            ["s/t0", "s/t0", "s/t1", "s/t1", "s/t0", "s/t0"]
        );
        assert_eq!(texts("metric")[..2], ["hit@1", "recall@5"]);
        let numbers = |name: &str| -> Vec<Option<f64>> {
            let column = rows.column_by_name(name).unwrap();
            column.as_primitive::<Float64Type>().iter().collect()
        };
        assert_eq!(
            numbers("score"),
            [Some(1.0), Some(0.5), None, None, Some(0.5), Some(0.25)]
        );
        assert_eq!(
            numbers("baseline"),
            [None, None, Some(0.25), Some(0.25), None, None]
        );
        let floors = rows.column_by_name("floor").unwrap().as_boolean();
        assert_eq!(floors.iter().flatten().filter(|floor| *floor).count(), 2);
    }

    #[test]
    fn a_comparison_without_results_is_a_file_without_rows() {
        let design = testing::design(&testing::comparison(1));
        let finish = Finish {
            outcomes: vec![CellOutcome::NotRun; 3],
            interrupted: true,
            outage: None,
        };
        let mut file = Vec::new();
        parquet(&mut file, &design, &finish).unwrap();
        let mut reader = ParquetRecordBatchReader::try_new(Bytes::from(file), 8).unwrap();
        assert!(reader.next().is_none());
    }
}
