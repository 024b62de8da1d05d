package libvirt

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

// endpoint is a parsed connection URI.
type endpoint struct {
	display   string         // the URI without a password
	transport string         // unix, tcp, tls, ssh, libssh, libssh2
	driver    rpc.ConnectURI // what the daemon at the other end is asked to open
	plaintext bool           // bytes cross a network unencrypted
	uri       *url.URL
}

// dialer is what go-libvirt's dialers have in common.
type dialer interface {
	Dial() (net.Conn, error)
}

// localSockets are the daemons' sockets below a run-time folder, in the order in which libvirt's own client tries them.
var localSockets = []string{"libvirt-sock", "virtqemud-sock"}

// parameters that each transport understands; any other is refused, because libvirt's own client would have obeyed it.
var parameters = map[string][]string{
	"unix":    {"socket", "mode", "name"},
	"tcp":     {"name"},
	"tls":     {"name", "pkipath", "no_verify"},
	"ssh":     {"name", "socket", "mode", "keyfile", "no_verify"},
	"libssh":  {"name", "socket", "mode", "keyfile", "known_hosts", "known_hosts_verify", "sshauth"},
	"libssh2": {"name", "socket", "mode", "keyfile", "known_hosts", "known_hosts_verify", "sshauth"},
}

func parseURI(text string) (endpoint, error) {
	if text == "" {
		return endpoint{}, errors.New("it is empty")
	}
	uri, err := url.Parse(text)
	if err != nil {
		// net/url quotes the text in its error, and the text may hold a password.
		return endpoint{}, errors.New("it is not a well-formed URI")
	}
	driver, transport, _ := strings.Cut(uri.Scheme, "+")
	if driver != "qemu" {
		return endpoint{}, fmt.Errorf("its scheme is %q; only the QEMU driver (qemu, qemu+ssh, …) has RBD disks and secrets", uri.Scheme)
	}
	if transport == "" {
		transport = "unix"
		if uri.Host != "" {
			transport = "tls"
		}
	}
	known, ok := parameters[transport]
	if !ok {
		return endpoint{}, fmt.Errorf("its transport %q is not supported; unix, ssh, libssh, libssh2, tls and tcp are", transport)
	}
	if uri.Path != "/system" && uri.Path != "/session" {
		return endpoint{}, fmt.Errorf("its path is %q; it has to be /system or /session", uri.Path)
	}
	if transport == "unix" && uri.Host != "" {
		return endpoint{}, fmt.Errorf("the unix transport is local, but a host (%s) is given; write three slashes, qemu+unix:///system, "+
			"or use qemu+ssh", uri.Host)
	}
	if transport != "unix" && uri.Hostname() == "" {
		return endpoint{}, fmt.Errorf("the %s transport needs a host name", transport)
	}
	query, err := url.ParseQuery(uri.RawQuery)
	if err != nil {
		return endpoint{}, errors.New("its parameters after the ? are not well-formed")
	}
	if err := checkParameters(transport, uri.Path, known, query); err != nil {
		return endpoint{}, err
	}
	return endpoint{
		display:   uri.Redacted(),
		transport: transport,
		driver:    rpc.RemoteURI(uri),
		plaintext: transport == "tcp" && !loopback(uri.Hostname()),
		uri:       uri,
	}, nil
}

func checkParameters(transport, driverPath string, known []string, query url.Values) error {
	for name, values := range query {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the %s transport has no parameter %q here; it has: %s", transport, name, strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return fmt.Errorf("the parameter %q is given more than once", name)
		}
	}
	switch mode := query.Get("mode"); mode {
	case "", "auto", "legacy":
	case "direct":
		return errors.New("mode=direct is not supported; name the daemon's socket instead, for example ?socket=/run/libvirt/virtqemud-sock")
	default:
		return fmt.Errorf("mode=%s is unknown to libvirt", mode)
	}
	if v := query.Get("no_verify"); v != "" {
		if _, err := strconv.Atoi(v); err != nil {
			return fmt.Errorf("no_verify=%s is not a number; 1 switches the check of the host off, 0 leaves it on", v)
		}
	}
	if v := query.Get("known_hosts_verify"); v != "" && !slices.Contains([]string{"normal", "auto", "ignore"}, v) {
		return fmt.Errorf("known_hosts_verify=%s is unknown; normal, auto and ignore are known", v)
	}
	if v := query.Get("sshauth"); v != "" {
		for _, method := range strings.Split(v, ",") {
			if !slices.Contains([]string{"agent", "privkey", "password"}, strings.ToLower(method)) {
				return fmt.Errorf("sshauth=%s names %q; agent, privkey and password are supported", v, method)
			}
		}
	}
	if strings.Contains(transport, "ssh") && driverPath == "/session" && query.Get("socket") == "" {
		return errors.New("a session daemon on another machine has no fixed socket; add ?socket=/run/user/UID/libvirt/libvirt-sock")
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// dialer makes a fresh dialer for one connection attempt; files and sockets are looked for now, not at parse time.
func (e endpoint) dialer(timeout time.Duration) (dialer, error) {
	query := e.uri.Query()
	host, port := e.uri.Hostname(), e.uri.Port()
	switch e.transport {
	case "unix":
		return dialers.NewLocal(dialers.WithSocket(e.localSocket()), dialers.WithLocalTimeout(timeout)), nil
	case "tcp":
		options := []dialers.RemoteOption{dialers.WithRemoteTimeout(timeout)}
		if port != "" {
			options = append(options, dialers.UsePort(port))
		}
		return dialers.NewRemote(host, options...), nil
	case "tls":
		var options []dialers.TLSOption
		if port != "" {
			options = append(options, dialers.UseTLSPort(port))
		}
		if pki := query.Get("pkipath"); pki != "" {
			options = append(options, dialers.UsePKIPath(pki))
		}
		if switchedOn(query.Get("no_verify")) {
			options = append(options, dialers.WithInsecureNoVerify())
		}
		return dialers.NewTLS(host, options...), nil
	default:
		return e.sshDialer(host, port, query)
	}
}

func (e endpoint) sshDialer(host, port string, query url.Values) (dialer, error) {
	var options []dialers.SSHOption
	if e.transport == "ssh" {
		me, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("the home folder with the known ssh hosts: %w", err)
		}
		options = append(options, dialers.WithSystemSSHDefaults(me))
		if switchedOn(query.Get("no_verify")) {
			options = append(options, dialers.WithInsecureIgnoreHostKey())
		}
	}
	options = append(options, dialers.UseSSHPort(port), dialers.UseSSHUsername(e.uri.User.Username()))
	if password, ok := e.uri.User.Password(); ok {
		options = append(options, dialers.UseSSHPassword(password))
	}
	if s := query.Get("socket"); s != "" {
		options = append(options, dialers.WithRemoteSocket(s))
	}
	if f := query.Get("keyfile"); f != "" {
		options = append(options, dialers.UseKeyFile(f))
	}
	if f := query.Get("known_hosts"); f != "" {
		options = append(options, dialers.UseKnownHostsFile(f))
	}
	switch query.Get("known_hosts_verify") {
	case "auto":
		options = append(options, dialers.WithAcceptUnknownHostKey())
	case "ignore":
		options = append(options, dialers.WithInsecureIgnoreHostKey())
	}
	if auth := query.Get("sshauth"); auth != "" {
		methods := &dialers.SSHAuthMethods{}
		for _, method := range strings.Split(strings.ToLower(auth), ",") {
			switch method {
			case "agent":
				methods.Agent()
			case "privkey":
				methods.PrivKey()
			case "password":
				methods.Password()
			}
		}
		options = append(options, dialers.WithSSHAuthMethods(methods))
	}
	return dialers.NewSSH(host, options...), nil
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

func switchedOn(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n != 0
}
