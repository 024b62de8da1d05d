package libvirt

import (
	"cmp"
	"context"
	"net"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"
)

// The ports that libvirt listens on where the URI names none.
const (
	tcpPort = "16509"
	tlsPort = "16514"
)

// localSockets are the daemons' sockets below a run-time folder, in the order in which libvirt's own client tries them.
var localSockets = []string{"libvirt-sock", "virtqemud-sock"}

// dial makes one connection to the daemon. Files and sockets are looked for now, not at parse time. The context bounds only
// the dialling; a *refusal says why it failed, where that is known.
func (e endpoint) dial(ctx context.Context) (net.Conn, error) {
	var network net.Dialer
	switch e.transport {
	case "unix":
		return network.DialContext(ctx, "unix", e.localSocket())
	case "tcp":
		return network.DialContext(ctx, "tcp", e.address(tcpPort))
	case "tls":
		return e.dialTLS(ctx)
	case "ssh":
		return e.dialCommand(ctx)
	default:
		return e.dialSSH(ctx)
	}
}

func (e endpoint) address(port string) string {
	return net.JoinHostPort(e.uri.Hostname(), cmp.Or(e.uri.Port(), port))
}

// localSocket is the daemon's socket: the one given, or the first that exists where libvirt looks for it.
func (e endpoint) localSocket() string {
	if s := e.uri.Query().Get("socket"); s != "" {
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

// home is a path in the home folder, or empty where there is none.
func home(elements ...string) string {
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
