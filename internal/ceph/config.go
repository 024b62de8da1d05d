package ceph

import (
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
)

// Config says how to reach one cluster. Nothing in it is guessed: no default ceph.conf is ever searched.
type Config struct {
	// Label is the name of the cluster in the provider block; it appears in every error.
	Label string
	// MonHost lists the monitors as mon_host in ceph.conf does: bare, "v1:"/"v2:" or bracketed.
	MonHost string
	// ConfigFile is the path of a ceph.conf that is read before everything else here is applied.
	ConfigFile string
	// User is the cephx user without "client."; empty means admin.
	User string
	// Key is the user's cephx key. It excludes KeyringFile.
	Key Key
	// KeyringFile is the path of a keyring that holds the user's key.
	KeyringFile string
	// FSID, when set, is the only cluster that is accepted.
	FSID string
	// Options are further client options, by the names that ceph.conf uses.
	Options map[string]string
	// ConnectTimeout bounds the connection; zero means the default. librados takes whole seconds, it is rounded up.
	ConnectTimeout time.Duration
	// OperationTimeout bounds each monitor command and each read of an image; zero means the default. Writes of image
	// data and metadata get at least 60 seconds, because librbd may mistake a shorter timeout for a corrupt object map.
	OperationTimeout time.Duration
	// Origin tells the runs of one configuration from those of others: only they take up what a killed create of it has left. Empty means that
	// creates are not recorded.
	Origin string
	// Log takes a line for each call to the cluster; nil writes none.
	Log calllog.Sink
}

// The timeouts that a Config without its own gets.
const (
	DefaultConnectTimeout   = 30 * time.Second
	DefaultOperationTimeout = 5 * time.Minute
)

// WithDefaults returns the configuration with the user and the timeouts filled in.
func (c Config) WithDefaults() Config {
	if c.User == "" {
		c.User = "admin"
	}
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = DefaultConnectTimeout
	}
	if c.OperationTimeout <= 0 {
		c.OperationTimeout = DefaultOperationTimeout
	}
	return c
}
