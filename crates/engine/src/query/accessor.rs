//! The one accessor for values inside JSON columns: `data.page`, `data->>'page'` and `json_get_str(data, 'page')` all
//! become one of these functions. The scan answers them from typed leaves; anywhere else they read the JSON text.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int64Builder, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::json_text::{self, Number, Step};
use crate::encode::JSON_MARK;

/// The form in which a value is asked for. A value of another kind is null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Request {
    /// Text, until something around it wants a number or a truth value.
    Any,
    /// Text: strings as they are, anything else as JSON spells it.
    Text,
    /// JSON text.
    Json,
    /// Integers, and numbers without a fraction.
    Int,
    /// Numbers.
    Float,
    Bool,
}

impl Request {
    pub(super) const ALL: [Self; 6] = [Self::Any, Self::Text, Self::Json, Self::Int, Self::Float, Self::Bool];

    /// Returns the name of the function that asks for this form.
    pub(super) const fn function(self) -> &'static str {
        match self {
            Self::Any => "json_get",
            Self::Text => "json_get_str",
            Self::Json => "json_get_json",
            Self::Int => "json_get_int",
            Self::Float => "json_get_float",
            Self::Bool => "json_get_bool",
        }
    }

    pub(super) const fn data_type(self) -> DataType {
        match self {
            Self::Any | Self::Text | Self::Json => DataType::Utf8View,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
        }
    }

    /// Returns the field of a column that holds the answers.
    pub(super) fn field(self, name: &str) -> Field {
        let field = Field::new(name, self.data_type(), true);
        match self {
            Self::Json => field.with_metadata([(JSON_MARK.0.to_owned(), JSON_MARK.1.to_owned())].into()),
            _ => field,
        }
    }
}

/// The function of one [`Request`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Accessor {
    pub(super) request: Request,
    signature: Signature,
}

impl Accessor {
    /// Returns the function that asks for this form.
    pub(super) fn function(request: Request) -> ScalarUDF {
        ScalarUDF::new_from_impl(Self { request, signature: Signature::user_defined(Volatility::Immutable) })
    }
}

impl ScalarUDFImpl for Accessor {
    fn name(&self) -> &str {
        self.request.function()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.request.data_type())
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [json, keys @ ..] = types else {
            return plan_err!("{} needs a column and a key", self.name());
        };
        if !(json.is_string() || json.is_null()) {
            return plan_err!("{} reads JSON text, not {json}", self.name());
        }
        if keys.is_empty() || !keys.iter().all(|key| key.is_string() || key.is_integer()) {
            return plan_err!("{} needs keys that are texts or positions", self.name());
        }
        let keys = keys.iter().map(|key| if key.is_string() { DataType::Utf8 } else { DataType::Int64 });
        Ok(std::iter::once(DataType::Utf8View).chain(keys).collect())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if args.scalar_arguments.iter().skip(1).any(Option::is_none) {
            return plan_err!("{} needs constant keys", self.name());
        }
        Ok(Arc::new(self.request.field(self.name())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let keys = args.args.iter().skip(1).map(|key| match key {
            ColumnarValue::Scalar(key) => step(key),
            ColumnarValue::Array(_) => None,
        });
        let path: Vec<Step> =
            keys.collect::<Option<_>>().ok_or_else(|| exec_datafusion_err!("{} needs constant keys", self.name()))?;
        match args.args.first() {
            Some(ColumnarValue::Scalar(json)) => {
                let answer = evaluate(json.to_array()?.as_string_view(), &path, self.request);
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?))
            }
            Some(ColumnarValue::Array(json)) => {
                Ok(ColumnarValue::Array(evaluate(json.as_string_view(), &path, self.request)))
            }
            None => plan_err!("{} needs a column and a key", self.name()),
        }
    }

    fn placement(&self, arguments: &[ExpressionPlacement]) -> ExpressionPlacement {
        match arguments {
            [ExpressionPlacement::Column | ExpressionPlacement::MoveTowardsLeafNodes, keys @ ..]
                if keys.iter().all(|key| *key == ExpressionPlacement::Literal) =>
            {
                ExpressionPlacement::MoveTowardsLeafNodes
            }
            _ => ExpressionPlacement::KeepInPlace,
        }
    }
}

/// Returns the step that a literal key stands for; a negative position stands for none.
pub(super) fn step(key: &ScalarValue) -> Option<Step> {
    match key {
        ScalarValue::Utf8(Some(key)) | ScalarValue::Utf8View(Some(key)) | ScalarValue::LargeUtf8(Some(key)) => {
            Some(Step::Key(key.as_str().into()))
        }
        ScalarValue::Int64(Some(index)) => usize::try_from(*index).ok().map(Step::Index),
        _ => None,
    }
}

/// Reads the values at a path from JSON text.
pub(super) fn evaluate(texts: &StringViewArray, path: &[Step], request: Request) -> ArrayRef {
    let values = (0..texts.len()).map(|row| {
        let json = (!texts.is_null(row)).then(|| texts.value(row))?;
        json_text::find(json, path)
    });
    match request {
        Request::Any | Request::Text => {
            let mut answers = StringViewBuilder::with_capacity(texts.len());
            values.for_each(|value| answers.append_option(value.and_then(json_text::plain)));
            Arc::new(answers.finish())
        }
        Request::Json => {
            let mut answers = StringViewBuilder::with_capacity(texts.len());
            values.for_each(|value| answers.append_option(value));
            Arc::new(answers.finish())
        }
        Request::Int => {
            let mut answers = Int64Builder::with_capacity(texts.len());
            values.for_each(|value| answers.append_option(value.and_then(json_text::number).and_then(whole)));
            Arc::new(answers.finish())
        }
        Request::Float => {
            let mut answers = Float64Builder::with_capacity(texts.len());
            values.for_each(|value| answers.append_option(value.and_then(json_text::number).map(float)));
            Arc::new(answers.finish())
        }
        Request::Bool => {
            let mut answers = BooleanBuilder::with_capacity(texts.len());
            values.for_each(|value| answers.append_option(value.and_then(|value| value.parse().ok())));
            Arc::new(answers.finish())
        }
    }
}

pub(super) fn float(number: Number) -> f64 {
    match number {
        #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
        Number::Int(int) => int as f64,
        Number::Float(float) => float,
    }
}

pub(super) fn whole(number: Number) -> Option<i64> {
    /// The first number above the largest integer of 64 bits.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    match number {
        Number::Int(int) => Some(int),
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in range")]
        Number::Float(float) => (float.fract() == 0.0 && (-LIMIT..LIMIT).contains(&float)).then_some(float as i64),
    }
}
