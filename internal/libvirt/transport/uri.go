package transport

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Endpoint is a parsed connection URI.
type Endpoint struct {
	// Driver is what the daemon at the other end is asked to open, qemu:///system or what the parameter name says.
	Driver string
	// Plaintext means that bytes cross a network unencrypted: tcp to anywhere but loopback.
	Plaintext bool

	transport string // unix, tcp, tls, ssh, libssh, libssh2
	uri       *url.URL
	query     url.Values
}

// String is the URI without a password.
func (e Endpoint) String() string { return e.uri.Redacted() }

// parameters are those of libvirt's own client. It takes all of them with each transport and ignores what the transport has no
// use for.
var parameters = []string{
	"name", "command", "socket", "auth", "authfile", "sshauth", "netcat", "keyfile", "pkipath", "known_hosts", "known_hosts_verify",
	"tls_priority", "mode", "proxy", "no_sanity", "no_verify", "no_tty",
}

// transports are the supported ones.
var transports = []string{"unix", "ssh", "libssh", "libssh2", "tls", "tcp"}

// Parse reads a libvirt connection URI of the QEMU driver. It looks for no file, socket or host. The error says what is wrong
// with the URI, never with its password in it.
func Parse(text string) (Endpoint, error) {
	if text == "" {
		return Endpoint{}, errors.New("it is empty")
	}
	uri, err := url.Parse(text)
	if err != nil {
		// net/url quotes the text in its error, and the text may hold a password.
		return Endpoint{}, errors.New("it is not a well-formed URI")
	}
	driver, transport, _ := strings.Cut(uri.Scheme, "+")
	if driver != "qemu" {
		return Endpoint{}, fmt.Errorf("its scheme is %q; only the QEMU driver (qemu, qemu+ssh, …) has RBD disks and secrets", uri.Scheme)
	}
	if transport == "" {
		transport = "unix"
		if uri.Host != "" {
			transport = "tls"
		}
	}
	if !slices.Contains(transports, transport) {
		return Endpoint{}, fmt.Errorf("its transport %q is not supported; unix, ssh, libssh, libssh2, tls and tcp are", transport)
	}
	if strings.Contains(uri.Path, "@") {
		// A password with a slash in it ends up in the path, which is not shown then.
		return Endpoint{}, errors.New("its path has an @ in it and is neither /system nor /session; write a slash in a user name or password" +
			" as %2F")
	}
	if uri.Path != "/system" && uri.Path != "/session" {
		return Endpoint{}, fmt.Errorf("its path is %q; it has to be /system or /session", uri.Path)
	}
	if transport == "unix" && uri.Host != "" {
		return Endpoint{}, fmt.Errorf("the unix transport is local, but a host (%s) is given; write three slashes, qemu+unix:///system, "+
			"or use qemu+ssh", uri.Host)
	}
	if transport != "unix" && uri.Hostname() == "" {
		return Endpoint{}, fmt.Errorf("the %s transport needs a host name", transport)
	}
	if _, ok := uri.User.Password(); ok && transport == "ssh" {
		return Endpoint{}, errors.New("the ssh command takes no password from a URI; use a key or the agent, or qemu+libssh, which does")
	}
	query, err := parseParameters(uri.RawQuery)
	if err != nil {
		return Endpoint{}, errors.New("its parameters after the ? are not well-formed")
	}
	if err := checkParameters(transport, query); err != nil {
		return Endpoint{}, err
	}
	if err := checkWords(transport, uri, query); err != nil {
		return Endpoint{}, err
	}
	return Endpoint{
		Driver:    cmp.Or(query.Get("name"), "qemu://"+uri.Path),
		Plaintext: transport == "tcp" && !loopback(uri.Hostname()),
		transport: transport,
		uri:       uri,
		query:     query,
	}, nil
}

// parseParameters reads parameters as libvirt does: a plus sign is itself, a semicolon divides too, and case is ignored in their names.
func parseParameters(raw string) (url.Values, error) {
	parsed, err := url.ParseQuery(strings.NewReplacer("+", "%2B", ";", "&").Replace(raw))
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	for name, values := range parsed {
		name = strings.ToLower(name)
		query[name] = append(query[name], values...)
	}
	return query, nil
}

// checkParameters refuses what libvirt's own client refuses, and what it would obey and this one can't.
func checkParameters(transport string, query url.Values) error {
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return fmt.Errorf("libvirt has no parameter %q; it has: %s", name, strings.Join(parameters, ", "))
		}
		if len(values) > 1 {
			return fmt.Errorf("the parameter %q is given more than once", name)
		}
	}
	for _, name := range []string{"no_sanity", "no_verify", "no_tty"} {
		if _, err := strconv.Atoi(query.Get(name)); query.Has(name) && err != nil {
			return fmt.Errorf("%s=%s is not a number; 1 switches it on, 0 off", name, query.Get(name))
		}
	}
	if mode := query.Get("mode"); query.Has("mode") && !slices.Contains([]string{"auto", "legacy", "direct"}, mode) {
		return fmt.Errorf("mode=%s is unknown to libvirt", mode)
	}
	if v := query.Get("proxy"); query.Has("proxy") && !slices.Contains([]string{"auto", "native", "netcat"}, v) {
		return fmt.Errorf("proxy=%s is unknown; auto, native (virt-ssh-helper) and netcat are known", v)
	}
	if strings.HasPrefix(query.Get("auth"), "sasl") {
		return fmt.Errorf("auth=%s is not supported; none and polkit work", query.Get("auth"))
	}
	remote := strings.HasSuffix(transport, "ssh") || transport == "libssh2"
	switch {
	case transport == "tls" && query.Has("tls_priority"):
		return errors.New("tls_priority is not supported: it is a text for GnuTLS, and this client uses TLS 1.2 or newer with its own ciphers")
	case (remote || transport == "unix") && query.Get("mode") == "direct":
		return errors.New("mode=direct is not supported; name the daemon's socket instead, for example ?socket=/run/libvirt/virtqemud-sock")
	case remote && query.Get("socket") != "" && query.Get("proxy") == "native":
		return fmt.Errorf("proxy=native finds the socket by itself, so socket=%s can't be given with it", query.Get("socket"))
	case transport == "libssh" || transport == "libssh2":
		return checkLibssh(query)
	}
	return nil
}

// shellCharacters are those that mean something to shells. ssh puts the names of host and user into commands of ssh_config (ProxyCommand,
// Match exec), and its newer releases refuse such names too.
const shellCharacters = "'`\"$;&<>|(){}!*?~#"

// checkWords refuses what is no name of a host or user, and what could become another word, or an option, in the shell at the other end.
func checkWords(transport string, uri *url.URL, query url.Values) error {
	notInName := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(shellCharacters, r)
	}
	host, user := uri.Hostname(), uri.User.Username()
	if strings.HasPrefix(host, "-") || strings.Contains(host, `\`) || strings.ContainsFunc(host, notInName) {
		return fmt.Errorf("%q is not the name of a host", host)
	}
	remote := strings.HasSuffix(transport, "ssh") || transport == "libssh2"
	if remote && (strings.HasPrefix(user, "-") || strings.HasSuffix(user, `\`) || strings.ContainsFunc(user, notInName)) {
		return fmt.Errorf("%q is not the name of a user", user)
	}
	for name, values := range query {
		if strings.ContainsFunc(values[0], unicode.IsControl) {
			return fmt.Errorf("the parameter %q has a control character in it", name)
		}
	}
	for _, name := range []string{"name", "socket", "netcat"} {
		// The login shell of the host's user is not known, and some read these characters within quotes too.
		if value := query.Get(name); remote && (strings.ContainsAny(value, `\!`) || strings.HasPrefix(value, "-")) {
			return fmt.Errorf("%s=%s can't be given over ssh: not every shell takes a backslash, an exclamation mark or a hyphen at the beginning"+
				" for a part of a name", name, value)
		}
	}
	return nil
}

// checkLibssh looks at what only an ssh client within the process obeys.
func checkLibssh(query url.Values) error {
	if v := query.Get("known_hosts_verify"); v != "" && !slices.Contains([]string{"normal", "auto", "ignore"}, v) {
		return fmt.Errorf("known_hosts_verify=%s is unknown; normal, auto and ignore are known", v)
	}
	if v := query.Get("sshauth"); v != "" {
		for _, method := range strings.Split(v, ",") {
			if !slices.Contains(sshMethods, strings.ToLower(method)) {
				return fmt.Errorf("sshauth=%s names %q; %s are supported", v, method, strings.Join(sshMethods, ", "))
			}
		}
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

func switchedOn(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n != 0
}
