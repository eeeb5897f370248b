//! Everything that handlers, actions and jobs work with, opened once at the start.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::auth::api_limits::ApiLimits;
use crate::auth::throttle::TryLimits;
use crate::base_models::BaseModelCache;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::connection::to_key;
use crate::domain::actor::OrgScope;
use crate::error::{Error, Result};
use crate::providers::call_limits::CallLimits;
use crate::providers::outbound::{Outbound, OutboundSettings};
use crate::store::audit::ChainKey;
use crate::store::data_keys::{self, DataKeyRow};
use crate::store::{Conn, Db};
use crate::vault::{DataKey, KeyOwner, MasterKeyError, MasterKeyId, Purpose, StartDecision, Vault, decide_start};

/// The running application. Handlers get it as `web::Data<App>`.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The rows.
    pub db: Db,
    /// The master keys.
    pub vault: Arc<Vault>,
    /// Keys derived from the installation's own data key.
    pub keys: Arc<InstallationKeys>,
    /// The one client for calls to providers.
    pub outbound: Outbound,
    /// Models, prices, retirement dates.
    pub catalog: Catalog,
    /// The time.
    pub clock: Clock,
    /// Ready-made answers of the base-model dropdown.
    pub base_models: BaseModelCache,
    /// How often and how many at once an organization may have addresses called.
    pub call_limits: CallLimits,
    /// How often anybody may try to sign in.
    pub sign_in_limits: TryLimits,
    /// How often each API token may ask.
    pub api_limits: ApiLimits,
    /// How many launches are refused in words before nobody looks at them.
    pub launch_limits: TryLimits,
}

/// Keys that every replica derives alike, and that outlive a change of the master key.
pub struct InstallationKeys {
    /// Signs the session cookie.
    pub cookie: Zeroizing<[u8; 64]>,
    /// Makes form tokens.
    pub csrf: Zeroizing<[u8; 64]>,
    /// Chains the audit log.
    pub audit: ChainKey,
    /// Makes shared launch keys and signs tickets for frames.
    pub launch: Zeroizing<[u8; 64]>,
    /// Signs personal access tokens.
    pub api_tokens: Zeroizing<[u8; 64]>,
}

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder or file cannot be made or read.
    #[error(transparent)]
    Files(#[from] crate::files::FileError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] crate::store::OpenError),
    /// The rows of the database cannot be read.
    #[error("cannot read the database: {}", .0.chain())]
    Rows(Error),
    /// The master key is missing, unsafe or not the right one.
    #[error("{0}")]
    MasterKey(String),
    /// The client for calls to providers cannot be built.
    #[error(transparent)]
    Outbound(#[from] crate::providers::outbound::OutboundError),
    /// The catalogue cannot be read.
    #[error("CLAVIGER_CATALOG_FILE: {0}. Expected a JSON file like the built-in one.")]
    Catalog(#[from] crate::catalog::CatalogError),
}

impl From<MasterKeyError> for StartError {
    fn from(error: MasterKeyError) -> Self {
        Self::MasterKey(error.to_string())
    }
}

impl App {
    /// Opens database, master key and everything else. Makes what a first start needs; refuses a start that is
    /// only half safe, such as a missing master key beside sealed rows.
    ///
    /// # Errors
    /// [`StartError`], in a sentence for the operator.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        crate::files::prepare(&config)?;
        let db = Db::open(&config.database, config.database_pool)?;
        let vault = Arc::new(open_vault(&config, &db).await?);
        let keys = Arc::new(installation_keys(&db, &vault, &clock).await?);
        let outbound = Outbound::new(OutboundSettings {
            allow: config.egress_allow.clone(),
            proxy: config.egress_proxy.clone(),
            ca_file: config.ca_file.clone(),
            own_listen: Some(config.listen),
            bases: config.vendor_bases.clone(),
        })?;
        let catalog = Catalog::open(config.catalog_file.clone())?;
        let (sign_in_limits, launch_limits) = (TryLimits::new(clock.clone()), TryLimits::new(clock.clone()));
        let api_limits = ApiLimits::new(clock.clone(), config.api_requests_per_minute);
        let (base_models, call_limits) = (BaseModelCache::default(), CallLimits::new(clock.clone()));
        Ok(Self {
            config,
            db,
            vault,
            keys,
            outbound,
            catalog,
            clock,
            base_models,
            call_limits,
            sign_in_limits,
            api_limits,
            launch_limits,
        })
    }
}

/// The organization's data key; made when its first secret is sealed.
///
/// # Errors
/// The database's; [`Error::Internal`] if no key can be made.
pub fn data_key_of(conn: &mut Conn, scope: OrgScope, vault: &Vault, clock: &Clock) -> Result<DataKey> {
    if let Some(row) = data_keys::of_organization(conn, scope)? {
        return Ok(to_key(row));
    }
    let key = vault.new_data_key(KeyOwner::Organization(scope.id())).map_err(Error::internal)?;
    data_keys::insert_first(conn, &to_row(&key, clock))?;
    data_keys::of_organization(conn, scope)?.map(to_key).ok_or(Error::NotFound)
}

/// A key as the store keeps it.
#[must_use]
pub fn to_row(key: &DataKey, clock: &Clock) -> DataKeyRow {
    let organization_id = match key.owner {
        KeyOwner::Installation => None,
        KeyOwner::Organization(id) => Some(id),
    };
    let master_key_id = key.master_key_id.as_str().to_owned();
    DataKeyRow::new(key.id, organization_id, master_key_id, key.wrapped.clone(), clock.now())
}

async fn open_vault(config: &Config, db: &Db) -> Result<Vault, StartError> {
    let sealed_with = db.read(data_keys::master_key_ids).await.map_err(StartError::Rows)?;
    let sealed_with: Vec<MasterKeyId> = sealed_with.into_iter().map(MasterKeyId::from).collect();
    match decide_start(Vault::load(&config.master_key_file), &sealed_with) {
        StartDecision::Open(vault) => Ok(vault),
        StartDecision::Create => {
            let vault = Vault::create(&config.master_key_file)?;
            tracing::info!(
                file = %config.master_key_file.display(),
                key_id = vault.active_key_id().as_str(),
                "made a master key; back it up, apart from the database"
            );
            Ok(vault)
        }
        StartDecision::Refuse(reason) => Err(StartError::MasterKey(reason.to_string())),
    }
}

async fn installation_keys(db: &Db, vault: &Arc<Vault>, clock: &Clock) -> Result<InstallationKeys, StartError> {
    let (vault, clock) = (Arc::clone(vault), clock.clone());
    let made = Arc::clone(&vault);
    let row = db
        .write(move |conn| {
            if let Some(row) = data_keys::of_installation(conn)? {
                return Ok(row);
            }
            let key = made.new_data_key(KeyOwner::Installation).map_err(Error::internal)?;
            data_keys::insert_first(conn, &to_row(&key, &clock))?;
            data_keys::of_installation(conn)?.ok_or(Error::NotFound)
        })
        .await
        .map_err(StartError::Rows)?;
    let key = to_key(row);
    let derive = |purpose| vault.derive(&key, purpose).map_err(|e| StartError::MasterKey(e.to_string()));
    Ok(InstallationKeys {
        cookie: derive(Purpose::Cookie)?,
        csrf: derive(Purpose::Csrf)?,
        audit: ChainKey::new(derive(Purpose::AuditChain)?),
        launch: derive(Purpose::Launch)?,
        api_tokens: derive(Purpose::ApiTokens)?,
    })
}
