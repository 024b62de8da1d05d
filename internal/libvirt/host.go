// Package libvirt is this provider's libvirt client: hypervisors, their secrets, and RBD disks of domains that
// somebody else manages. It knows nothing of Terraform, and every error it returns is a *problem.Problem.
package libvirt

import (
	"context"
	"fmt"
	"io"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt/transport"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

const (
	// DefaultConnectTimeout bounds connecting and opening the driver.
	DefaultConnectTimeout = 30 * time.Second
	// DefaultOperationTimeout bounds one call. It is longer than the 30 s for which libvirt itself waits for a domain
	// that another call holds, so that libvirt's own words about it are seen.
	DefaultOperationTimeout = 5 * time.Minute
)

// Config describes one hypervisor of the provider block.
type Config struct {
	// Label is the operator's name for the host.
	Label string
	// URI is a libvirt connection URI of the QEMU driver: qemu:///system, qemu+unix, qemu+tcp, qemu+tls, qemu+ssh.
	URI string
	// HostUUID, where set, is the only host that the URI may lead to, as in the host's capabilities.
	HostUUID string
	// ConnectTimeout and OperationTimeout are limits for connecting and for one call; zero means the default.
	ConnectTimeout, OperationTimeout time.Duration
	// AllowPlaintext lets a secret's value travel over tcp without TLS to another machine.
	AllowPlaintext bool
	// DomainLocks lock a domain while it is changed. Hosts share them on which one domain may be: several labels may lead to one host, and a
	// domain may migrate. Nil are locks of its own.
	DomainLocks *KeyedLock
	// Dialer makes the stream to the daemon. It is what the URI says, except in tests.
	Dialer Dialer
	// Log takes a line for each call to the host; nil writes none.
	Log calllog.Sink
}

// Dialer makes streams to a daemon.
type Dialer interface {
	// Dial makes one.
	//
	// Similar to: virsh -c URI connect.
	Dial(ctx context.Context) (io.ReadWriteCloser, error)
}

// Host is one hypervisor: a single connection, made on first use, shared by all callers and made anew after a loss.
// All methods may be called at the same time.
type Host struct {
	config   Config
	endpoint transport.Endpoint
	pin      string
	log      calllog.Logger
	breaker  *breaker.Breaker[*connection]

	definitions readcache.Cache[string, Domain] // by the name or UUID that was asked for
	images      readcache.Cache[struct{}, []ImageUse]
	secrets     readcache.Cache[struct{}, []secretReference] // of the domains
}

// NewHost checks the configuration and parses the URI; it doesn't connect. The error's kind is problem.Invalid.
func NewHost(cfg Config) (*Host, error) {
	end, err := transport.Parse(cfg.URI)
	if err != nil {
		what := "The uri can't be used." // a validator doesn't know the label, and shows where it is
		if cfg.Label != "" {
			what = fmt.Sprintf("The uri of hypervisor %q can't be used.", cfg.Label)
		}
		return nil, &problem.Problem{
			Kind: problem.Invalid,
			What: what,
			Why:  err.Error(),
			Do: "Use a libvirt URI of the QEMU driver, for example qemu:///system, qemu+ssh://root@kvm1.example.net/system," +
				" qemu+tls://kvm1.example.net/system or qemu+unix:///session?socket=/run/user/1000/libvirt/libvirt-sock.",
		}
	}
	if cfg.DomainLocks == nil {
		cfg.DomainLocks = &KeyedLock{}
	}
	h := &Host{config: cfg, endpoint: end, log: calllog.New("hypervisor", cfg.Label, cfg.Log)}
	h.breaker = breaker.New(breaker.Config[*connection]{
		Dial:    h.connect, // ends with the last who waits: an ssh that still dials would outlive the provider
		Lost:    func(c *connection) bool { return c.wire.lost() },
		Close:   func(c *connection) { c.wire.cut() },
		Explain: h.notConnected,
	})
	if cfg.HostUUID != "" {
		pin, err := parseUUID(cfg.HostUUID)
		if err != nil {
			return nil, &problem.Problem{
				Kind: problem.Invalid,
				What: fmt.Sprintf("The host_uuid of hypervisor %q is not a UUID: %q.", cfg.Label, cfg.HostUUID),
				Do:   "Take it from the host: virsh capabilities shows it as <host><uuid>.",
			}
		}
		h.pin = pin.String()
	}
	if h.config.Dialer == nil {
		h.config.Dialer = end
	}
	if h.config.ConnectTimeout <= 0 {
		h.config.ConnectTimeout = DefaultConnectTimeout
	}
	if h.config.OperationTimeout <= 0 {
		h.config.OperationTimeout = DefaultOperationTimeout
	}
	return h, nil
}

// Label returns the operator's name for the host.
func (h *Host) Label() string { return h.config.Label }

// UUID returns the host's identity, lower case with dashes. It connects on first use; a host other than the pinned one is
// problem.WrongIdentity, here and in every other call.
//
// Similar to: virsh capabilities.
func (h *Host) UUID(ctx context.Context) (string, error) {
	session, err := h.breaker.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer session.Release(ctx)
	return session.Conn.hostUUID, nil
}

// Hostname returns the name that the host gives itself.
//
// Similar to: virsh hostname.
func (h *Host) Hostname(ctx context.Context) (string, error) {
	return read(ctx, h, operation{doing: "ask for the host's name"}, onHost("ConnectGetHostname"),
		func(l *rpc.Libvirt) (string, error) { return l.ConnectGetHostname() })
}

// Version is a release of libvirt.
type Version struct{ Major, Minor, Micro int }

// AtLeast reports whether v is this release or a later one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// String returns the release as libvirt writes it, 9.0.0.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Micro) }

// oldest is the oldest release of libvirt that the provider was tried with.
var oldest = Version{Major: 7}

// LibVersion returns the release of the host's libvirt. It connects on first use; a release older than 7.0 is problem.Unsupported, here
// and in every other call.
//
// Similar to: virsh version --daemon.
func (h *Host) LibVersion(ctx context.Context) (Version, error) {
	session, err := h.breaker.Acquire(ctx)
	if err != nil {
		return Version{}, err
	}
	defer session.Release(ctx)
	return session.Conn.version, nil
}

// Close ends the connection; calls that are under way return an error. Later calls fail.
func (h *Host) Close() { h.breaker.Close() }

// name is the host in texts: its label and its URI.
func (h *Host) name() string {
	return fmt.Sprintf("hypervisor %q (%s)", h.config.Label, h.endpoint)
}
