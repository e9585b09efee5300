// Package config reads the configuration of a connection and checks it. The structs
// are the specification: their tags and comments become the form that users fill
// in.
package config

import (
	"math"
	"time"

	"github.com/birdie-ai/source-qualtrics/schemas"
	"github.com/birdie-ai/source-qualtrics/source/feedback"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/redact"
)

// Config is the configuration of a connection. Users write its JSON form. Its tags and
// comments are the connection specification. Only the data center and the credentials
// are required.
type Config struct {
	// The first part of your Qualtrics address, such as iad1 in
	// https://iad1.qualtrics.com. Find it in Qualtrics under Account Settings >
	// Qualtrics IDs > User > Datacenter ID. A pasted address works too.
	DataCenter string `json:"data_center" jsonschema:"title=Data Center,example=iad1,example=fra1,example=https://iad1.qualtrics.com" spec:"group=auth,required"`
	// How the connector signs in to Qualtrics.
	Credentials Credentials `json:"credentials" jsonschema:"title=Authentication" spec:"group=auth,required"`
	// Leave out responses that were last modified before this time. By default
	// every response is read. Set it to an earlier time later on, and the
	// responses in between are read.
	StartDate string `json:"start_date" jsonschema:"title=Start Date,format=date-time,example=2024-01-01T00:00:00Z,pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" spec:"group=data,always_show,pattern_descriptor=YYYY-MM-DDTHH:mm:ssZ"`
	// Which surveys to read. By default all that the account may read.
	Surveys SurveysConfig `json:"surveys" jsonschema:"title=Surveys" spec:"group=data"`
	// Tables with one row per response and one column per answer, a table for each survey.
	ResponsesWide ResponsesWideConfig `json:"responses_wide" jsonschema:"title=Wide Tables of Responses" spec:"group=data"`
	// Ids of the XM Directories to read contacts and mailing lists of (POOL_…). By default all.
	Directories []string `json:"directories" jsonschema:"title=Directories,example=POOL_0123456789abcde" spec:"group=data"`
	// How far every read goes back behind the one before it, in minutes. Qualtrics shows some
	// responses later than their own date; raise this if any are missing.
	LookbackMinutes int `json:"lookback_minutes" jsonschema:"title=Look-Back (Minutes),default=15,minimum=1,maximum=1440" spec:"group=advanced"`
	// How deleted responses are found.
	Deletions DeletionsConfig `json:"deletions" jsonschema:"title=Deletions" spec:"group=advanced"`
	// Which personal data to leave out of responses and contacts, or to hash.
	Privacy PrivacyConfig `json:"privacy" jsonschema:"title=Privacy" spec:"group=data"`
	// Whether export also downloads the files that respondents uploaded.
	Files FilesConfig `json:"files" jsonschema:"title=Uploaded Files" spec:"group=advanced"`
	// Address of a tenant on a domain of its own. The data center is then not used, but Airbyte wants it all the same.
	BaseURL string `json:"base_url" jsonschema:"title=Base URL,example=https://surveys.example.com" spec:"group=advanced"`
	// Which answers the stream feedback holds, and their kinds. A change concerns rows that are read from then on;
	// surveys.resync reads the others again.
	Feedback FeedbackConfig `json:"feedback" jsonschema:"title=Feedback" spec:"group=data"`
	// How fast and how long the connector works.
	Limits LimitsConfig `json:"limits" jsonschema:"title=Limits" spec:"group=advanced"`
	// How the connector reaches Qualtrics.
	Network NetworkConfig `json:"network" jsonschema:"title=Network" spec:"group=advanced"`
	// Split the surveys and directories over several connections: each reads its own share, within its share of the
	// limits.
	Shard ShardConfig `json:"shard" jsonschema:"title=Shard" spec:"group=advanced"`
}

// Groups are the cards of the form.
var Groups = []schemas.Group{
	{ID: "auth", Title: "Account"},
	{ID: "data", Title: "Data"},
	{ID: "advanced", Title: "Advanced"},
}

// Credentials holds one of two ways to sign in, told apart by AuthType.
type Credentials struct {
	AuthType     string        `json:"auth_type"`
	ClientID     string        `json:"client_id"`
	ClientSecret redact.Secret `json:"client_secret"`
	APIToken     redact.Secret `json:"api_token"`
}

// The authentication types.
const (
	OAuth    = "oauth2_client_credentials"
	APIToken = "api_token"
)

// SpecVariants returns the forms of the credentials for the specification.
func (Credentials) SpecVariants() []any { return []any{OAuthCredentials{}, TokenCredentials{}} }

// OAuthCredentials sign in as an OAuth client.
type OAuthCredentials struct {
	AuthType string `json:"auth_type" jsonschema:"const=oauth2_client_credentials" spec:"variant=OAuth Client"`
	// Id of an OAuth client with the client-credentials grant. Create one in
	// Qualtrics under Account Settings > Qualtrics IDs > OAuth Client Manager,
	// with the scopes read:survey_responses and read:surveys, and for contacts
	// read:directories and read:directory_contacts. The table of streams names
	// the scopes of the others.
	ClientID string `json:"client_id" jsonschema:"title=Client ID" spec:"required"`
	// Secret of the OAuth client; Qualtrics shows it once.
	ClientSecret string `json:"client_secret" jsonschema:"title=Client Secret" spec:"required,secret"`
}

// TokenCredentials sign in with an API token.
type TokenCredentials struct {
	AuthType string `json:"auth_type" jsonschema:"const=api_token" spec:"variant=API Token"`
	// Token from Account Settings > Qualtrics IDs > API. Generating a new one
	// ends the old one.
	APIToken string `json:"api_token" jsonschema:"title=API Token" spec:"required,secret"`
}

// SurveysConfig chooses surveys.
type SurveysConfig struct {
	// Ids of the surveys to read (SV_…), and no others.
	IDs []string `json:"ids" jsonschema:"title=Survey IDs,example=SV_0123456789abcde"`
	// Names of the surveys to read. * stands for any text, ? for one character.
	Include []string `json:"include" jsonschema:"title=Names to Include,example=NPS*"`
	// Names of surveys to leave out; this wins over the names to include.
	Exclude []string `json:"exclude" jsonschema:"title=Names to Exclude,example=*test*"`
	// Read only surveys that take responses now.
	ActiveOnly bool `json:"active_only" jsonschema:"title=Active Only,default=false"`
	// Read only surveys of these users (UR_…).
	Owners []string `json:"owners" jsonschema:"title=Owners,example=UR_0123456789abcde"`
	// Read only surveys whose definition was changed since this time.
	ModifiedSince string `json:"modified_since" jsonschema:"title=Modified Since,format=date-time,example=2024-01-01T00:00:00Z"`
	// How to treat a survey that the account may see but not export. A
	// survey named by its id, or read before, is always reported as a failure.
	OnDenied string `json:"on_denied" jsonschema:"title=When a Survey Is Denied,enum=skip,enum=fail,default=skip"`
	// How to treat a survey or directory that was read before, and that the account does not see any more. Whether it
	// was deleted is not known. skip keeps its rows and goes on without it.
	OnWithdrawn string `json:"on_withdrawn" jsonschema:"title=When a Survey Is Withdrawn,enum=fail,enum=skip,default=fail"`
	// Surveys to read again once, each with the time from which on, such as
	// SV_0123456789abcde=2025-01-01T00:00:00Z; responses from before start_date stay out.
	Resync Resync `json:"resync" jsonschema:"title=Read Again,example=SV_0123456789abcde=2025-01-01T00:00:00Z"`
	// How a run ends that could read some surveys or directories and not others. With report it
	// ends as complete: log and sync_audit name the missing ones, and the next run tries again.
	// Use it where one failure makes a platform drop all rows, as PyAirbyte does. It does not apply
	// to a full refresh, nor to faults of the account, the network or the run as a whole.
	OnFailed string `json:"on_failed" jsonschema:"title=When a Survey Fails,enum=fail,enum=report,default=fail"`
}

// ResponsesWideConfig chooses the surveys with a table of their own, responses_wide__SURVEY.
type ResponsesWideConfig struct {
	// Surveys with such a table: ids (SV_…), or names in which * stands for any text and ? for one character. By
	// default none. Refresh the schema after a change, and after new questions.
	Surveys []string `json:"surveys" jsonschema:"title=Surveys,example=SV_0123456789abcde,example=NPS*"`
	// Names of the columns. ids: qid7, which never changes. tags: nps__qid7, with the export tag in front; a renamed
	// tag then renames the column when the schema is refreshed, in files at once.
	ColumnNames string `json:"column_names" jsonschema:"title=Column Names,enum=ids,enum=tags,default=ids"`
}

// The values of responses_wide.column_names.
const (
	NamesOfIDs  = "ids"
	NamesOfTags = "tags"
)

// DeletionsConfig sets how deleted responses and contacts are found. Qualtrics reports
// none, so the delivered ids are compared with the existing ones.
type DeletionsConfig struct {
	// Whether deleted responses and contacts are found and reported. It costs an export of the response
	// ids per survey and audit, a list of each directory's contacts, and room in the state. Deletions of
	// surveys, directories, mailing lists, memberships and users are always reported.
	Mode string `json:"mode" jsonschema:"title=Mode,enum=reconcile,enum=off,default=reconcile"`
	// How often each survey and directory is compared, in days. A survey is also compared within hours
	// when Qualtrics' counters show deletions.
	AuditDays int `json:"audit_days" jsonschema:"title=Audit Every (Days),default=7,minimum=1,maximum=365"`
}

// DeletionsOff is the mode that finds no deletions.
const DeletionsOff = "off"

// FilesConfig sets the downloads of uploaded files.
type FilesConfig struct {
	// Download the uploaded files and signatures of responses into the folder of export. It needs
	// the stream response_files. Only responses that are read from then on are downloaded. The
	// other outputs have no folder, so they refuse this setting.
	Download bool `json:"download" jsonschema:"title=Download Files (export only),default=false"`
	// Largest file, in MiB. The row of a larger one says that it was left out.
	MaxMiB int `json:"max_mib" jsonschema:"title=Largest File (MiB),default=100,minimum=1,maximum=65536"`
	// All files of one run, in MiB. Surveys with further files are not complete, and the next run
	// goes on with them.
	MaxTotalMiB int `json:"max_total_mib" jsonschema:"title=Files per Run (MiB),default=10240,minimum=1,maximum=1048576"`
}

// LimitsConfig limits the calls, the time and the disk space of a run.
type LimitsConfig struct {
	// Calls per minute to Qualtrics. A brand has 3,000, which all its
	// integrations share.
	RequestsPerMinute int `json:"requests_per_minute" jsonschema:"title=Requests per Minute,default=1800,minimum=1,maximum=1000000"`
	// Exports started per minute. Qualtrics allows 100.
	ExportsPerMinute int `json:"exports_per_minute" jsonschema:"title=Exports per Minute,default=60,minimum=1,maximum=1000000"`
	// Surveys or directories that are read at the same time.
	ParallelExports int `json:"parallel_exports" jsonschema:"title=Parallel Exports,default=4,minimum=1,maximum=32"`
	// How long an export may take at Qualtrics, in minutes.
	ExportDeadlineMinutes int `json:"export_deadline_minutes" jsonschema:"title=Export Deadline (Minutes),default=120,minimum=1,maximum=1440"`
	// End the run after so many minutes; the next run goes on from there. 0
	// means no limit.
	RunMinutes int `json:"run_minutes" jsonschema:"title=Run Time (Minutes),default=0,minimum=0,maximum=10080"`
	// Temporary disk space of one export, in MiB. A larger download is refused; its records are kept
	// between two readings if there is room. As many run at once as limits.parallel_exports says.
	SpoolMiB int `json:"spool_mib" jsonschema:"title=Temporary Disk Space (MiB),default=4096,minimum=16,maximum=1048576"`
}

// NetworkConfig says how to reach Qualtrics.
type NetworkConfig struct {
	// Address of an HTTP proxy. By default the environment decides.
	Proxy redact.Secret `json:"proxy" jsonschema:"title=Proxy,example=http://proxy.example.com:3128" spec:"secret"`
	// Certificates of a private authority: the path of a PEM file, or its text.
	CAFile string `json:"ca_file" jsonschema:"title=CA Certificates" spec:"multiline"`
	// Client certificate: the path of a PEM file, or its text.
	ClientCertificate string `json:"client_certificate" jsonschema:"title=Client Certificate" spec:"multiline"`
	// Key of the client certificate: the path of a PEM file, or its text.
	ClientKey redact.Secret `json:"client_key" jsonschema:"title=Client Key" spec:"multiline,secret"`
	// Accept an address of this machine or of a private network for a host of Qualtrics, as a company's
	// name server may give. By default such an address is refused.
	AllowPrivate bool `json:"allow_private" jsonschema:"title=Allow Private Addresses,default=false"`
}

// ShardConfig is one of several shares of the surveys and directories.
type ShardConfig struct {
	// Number of this share, from 0. Left out in an Indexed Job of Kubernetes, it is the index of the pod.
	Index int `json:"index" jsonschema:"title=Share,default=0,minimum=0,maximum=999"`
	// Number of shares. They are read at the same time, and the limits are divided among them.
	Count int `json:"count" jsonschema:"title=Shares,default=1,minimum=1,maximum=1000"`
}

// noIndex is the index of a share that the configuration does not say.
const noIndex = math.MinInt

// Default returns the meaning of an empty configuration.
func Default() Config {
	limits := qualtrics.DefaultLimits()
	return Config{
		LookbackMinutes: 15,
		Surveys:         SurveysConfig{OnDenied: "skip", OnWithdrawn: "fail", OnFailed: FailOnFailed},
		ResponsesWide:   ResponsesWideConfig{ColumnNames: NamesOfIDs},
		Deletions:       DeletionsConfig{Mode: "reconcile", AuditDays: 7},
		Privacy:         PrivacyConfig{Preset: PrivacyNone},
		Files:           FilesConfig{MaxMiB: 100, MaxTotalMiB: 10240},
		Feedback:        FeedbackConfig{Statuses: feedback.DefaultStatuses()},
		Limits: LimitsConfig{
			RequestsPerMinute:     limits.RequestsPerMinute,
			ExportsPerMinute:      limits.ExportsPerMinute,
			ParallelExports:       4,
			ExportDeadlineMinutes: int(limits.ExportDeadline / time.Minute),
			SpoolMiB:              int(limits.SpoolBytes >> 20),
		},
		Shard: ShardConfig{Index: noIndex, Count: 1},
	}
}

// Chosen are the credentials of the type that is set; a form may keep those
// of the other one.
func (c *Credentials) Chosen() qualtrics.Credentials {
	if c.AuthType == APIToken {
		return qualtrics.Credentials{APIToken: c.APIToken}
	}
	return qualtrics.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}
}
