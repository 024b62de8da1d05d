// Package transport makes the byte stream to a libvirt daemon that a connection URI stands for: over unix, ssh, libssh, libssh2,
// tls or tcp, as libvirt's own client does. It doesn't know the protocol on the stream.
package transport

import (
	"cmp"
	"context"
	"io"
	"net"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The ports that libvirt listens on where the URI names none.
const (
	tcpPort = "16509"
	tlsPort = "16514"
)

// localSockets are the daemons' sockets below a run-time folder, in the order in which libvirt's own client tries them.
var localSockets = []string{"libvirt-sock", "virtqemud-sock"}

// Refusal is why a stream could not be made, or has ended, where that is known: a problem.Problem without its first sentence,
// which the caller writes.
type Refusal struct {
	Kind         problem.Kind
	Why, Do, Raw string
}

// Error is the shortest text that tells what happened.
func (r *Refusal) Error() string { return cmp.Or(r.Raw, r.Why) }

// Dial makes one stream to the daemon. Files and sockets are looked for now, not at parse time. The context bounds only the
// dialling; a *Refusal says why it failed, where that is known. That ssh did not reach the daemon shows only when bytes
// are read or written: the stream's Read and Write fail with a *Refusal then.
//
// Similar to: virsh -c URI connect.
func (e Endpoint) Dial(ctx context.Context) (io.ReadWriteCloser, error) {
	var network net.Dialer
	switch e.transport {
	case "unix":
		return network.DialContext(ctx, "unix", e.localSocket())
	case "tcp":
		return network.DialContext(ctx, "tcp", e.address(tcpPort))
	case "tls":
		return e.dialTLS(ctx)
	case "ssh":
		return e.dialSSH(ctx)
	default:
		return e.dialLibssh(ctx)
	}
}

// Advice is what to do where it isn't known why no stream was made, or why it was of no use.
func (e Endpoint) Advice() string {
	switch e.transport {
	case "unix":
		return "Check that the daemon runs and that this user may open its socket. Another socket is chosen with ?socket=PATH in the uri."
	case "tcp":
		return "Check that the host is up and that its libvirtd listens on tcp (virsh -c URI list)."
	case "tls":
		return "Check that the host is up, that its libvirtd listens for TLS, and that clientcert.pem, clientkey.pem and cacert.pem are where" +
			" libvirt looks for them, or name their folder with ?pkipath=FOLDER in the uri."
	default:
		return "Check that ssh to this host works without a question (" + e.sshByHand() + "), and that libvirt runs there."
	}
}

func (e Endpoint) address(port string) string {
	return net.JoinHostPort(e.uri.Hostname(), cmp.Or(e.uri.Port(), port))
}

// localSocket is the daemon's socket: the one given, or the first that exists where libvirt looks for it.
func (e Endpoint) localSocket() string {
	if s := e.query.Get("socket"); s != "" {
		return s
	}
	folder := "/var/run/libvirt"
	if e.uri.Path == "/session" {
		runtime := os.Getenv("XDG_RUNTIME_DIR")
		if runtime == "" {
			runtime = path.Join("/run/user", strconv.Itoa(os.Getuid()))
		}
		folder = path.Join(runtime, "libvirt")
	}
	for _, name := range localSockets {
		if _, err := os.Stat(path.Join(folder, name)); err == nil {
			return path.Join(folder, name)
		}
	}
	return path.Join(folder, localSockets[0])
}

// homePath is a path in the homePath folder, or empty where there is none.
func homePath(elements ...string) string {
	folder, err := os.UserHomeDir()
	if err != nil {
		// Some services run without HOME.
		account, err := user.Current()
		if err != nil || account.HomeDir == "" {
			return ""
		}
		folder = account.HomeDir
	}
	return filepath.Join(append([]string{folder}, elements...)...)
}
