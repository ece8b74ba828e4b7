//! The neural network: a text's tokens in, its vector out.

use std::collections::HashMap;

use candle_core::{DType, Device, IndexOp as _, Tensor};
use candle_nn::{Activation, VarBuilder};
use candle_transformers::models::{bert, xlm_roberta};

use super::LocalModelError;
use super::folder::{Folder, NetworkConfig, Pooling};

/// The architectures that there are.
pub(super) enum Network {
    Bert(bert::BertModel),
    Roberta(xlm_roberta::XLMRobertaModel),
}

impl Network {
    pub(super) fn load(folder: &Folder) -> Result<Network, LocalModelError> {
        let config = &folder.network;
        let unsupported = |what: String, known| LocalModelError::Unsupported {
            path: folder.config.clone(),
            what,
            known,
        };
        if let Some(kind) = &config.position_embedding_type
            && kind != "absolute"
        {
            return Err(unsupported(
                format!("its `position_embedding_type` is `{kind}`"),
                "positions must be `absolute`",
            ));
        }
        if !config.is_roberta() && config.model_type != "bert" {
            return Err(unsupported(
                format!("its `model_type` is `{}`", config.model_type),
                "what is run is `bert`, `roberta` and `xlm-roberta`",
            ));
        }
        let Some(activation) = activation(&config.hidden_act) else {
            return Err(unsupported(
                format!("its `hidden_act` is `{}`", config.hidden_act),
                "activations are `gelu`, `gelu_new` and `relu`",
            ));
        };
        let mut tensors: HashMap<String, Tensor> = HashMap::new();
        for (path, bytes) in &folder.weights {
            let part = candle_core::safetensors::load_buffer(bytes, &Device::Cpu);
            tensors.extend(part.map_err(|error| LocalModelError::Unreadable {
                path: path.clone(),
                reason: first_line(&error),
            })?);
        }
        build(config, activation, tensors).map_err(|error| LocalModelError::Unreadable {
            path: folder.config.with_file_name("model.safetensors"),
            reason: format!(
                "its weights are not those of its config.json: {}",
                first_line(&error)
            ),
        })
    }

    /// The vector of one text's tokens. Texts go through one by one: in company, which rows are multiplied together changes
    /// the last bits, and what a text's vector is would depend on what else was asked for. One text keeps all cores busy.
    pub(super) fn run(&self, tokens: &[u32], pooling: Pooling) -> Result<Vec<f32>, String> {
        self.pooled(tokens, pooling)
            .map_err(|error| first_line(&error))
    }

    fn pooled(&self, tokens: &[u32], pooling: Pooling) -> candle_core::Result<Vec<f32>> {
        let ids = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let types = ids.zeros_like()?;
        let hidden = match self {
            Network::Bert(model) => model.forward(&ids, &types, None)?,
            Network::Roberta(model) => {
                model.forward(&ids, &ids.ones_like()?, &types, None, None, None)?
            }
        };
        let tokens = hidden.i(0)?;
        let pooled = match pooling {
            Pooling::Cls => tokens.i(0)?,
            Pooling::Mean => tokens.mean(0)?,
            Pooling::Max => tokens.max(0)?,
        };
        pooled.to_vec1()
    }
}

/// What went wrong, without the way to it.
fn first_line(error: &candle_core::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The two forms of the same function that transformers knows under many names, and the ramp.
fn activation(name: &str) -> Option<Activation> {
    match name {
        "gelu" | "gelu_python" => Some(Activation::Gelu),
        "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Some(Activation::NewGelu),
        "relu" => Some(Activation::Relu),
        _ => None,
    }
}

fn build(
    config: &NetworkConfig,
    activation: Activation,
    tensors: HashMap<String, Tensor>,
) -> candle_core::Result<Network> {
    // A model that was saved with a head has its body under its name.
    let body = format!("{}.", config.model_type.replace("xlm-", ""));
    let has_body = tensors.keys().any(|name| name.starts_with(&body));
    let mut weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    if has_body {
        weights = weights.pp(body.trim_end_matches('.'));
    }
    if config.is_roberta() {
        let config = xlm_roberta::Config {
            hidden_size: config.hidden_size,
            layer_norm_eps: config.layer_norm_eps,
            attention_probs_dropout_prob: 0.0,
            hidden_dropout_prob: 0.0,
            num_attention_heads: config.num_attention_heads,
            position_embedding_type: "absolute".to_owned(),
            intermediate_size: config.intermediate_size,
            hidden_act: activation,
            num_hidden_layers: config.num_hidden_layers,
            vocab_size: config.vocab_size,
            max_position_embeddings: config.max_position_embeddings,
            type_vocab_size: config.type_vocab_size,
            pad_token_id: config.pad_token_id.unwrap_or(1),
        };
        return xlm_roberta::XLMRobertaModel::new(&config, weights).map(Network::Roberta);
    }
    let config = bert::Config {
        vocab_size: config.vocab_size,
        hidden_size: config.hidden_size,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        hidden_act: match activation {
            Activation::Relu => bert::HiddenAct::Relu,
            Activation::NewGelu => bert::HiddenAct::GeluApproximate,
            _ => bert::HiddenAct::Gelu,
        },
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: config.type_vocab_size,
        layer_norm_eps: config.layer_norm_eps,
        ..bert::Config::default()
    };
    bert::BertModel::load(weights, &config).map(Network::Bert)
}
