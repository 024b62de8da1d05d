package rados

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados/stubs"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// resolveTimeout bounds the question why a connection failed; librados has waited for the same answer before.
const resolveTimeout = 5 * time.Second

func cannotConnect(cfg ceph.Config) string {
	return fmt.Sprintf("Unable to connect to cluster %q as client.%s.", cfg.Label, cfg.User)
}

// explain says why a connection failed. key is zero if librados read it from elsewhere. An attempt that did not end within its time is
// told as [context.DeadlineExceeded].
func explain(ctx context.Context, cfg ceph.Config, key ceph.Key, err error) error {
	var known *problem.Problem
	if errors.As(err, &known) {
		return known
	}
	p := &problem.Problem{What: cannotConnect(cfg), Raw: "rados_connect: " + errno(err).Error()}
	monitors := cfg.MonHost
	if monitors == "" {
		monitors = "the monitors of " + cfg.ConfigFile
	}
	var code ceph.Errno
	errors.As(errno(err), &code)

	var setup setupError
	if errors.As(err, &setup) {
		p.Kind, p.Raw = problem.Invalid, setup.Error()
		switch {
		case setup.option != "" && code == ceph.ENOENT:
			p.Why = fmt.Sprintf("The client library knows no option %q.", setup.option)
			p.Do = "Correct its name, or remove it from options."
		case setup.option != "":
			p.Why = fmt.Sprintf("The client library does not accept the value of option %q.", setup.option)
			p.Do = "Correct the value."
		case setup.file != "":
			p.Why = fmt.Sprintf("%s is not a valid ceph.conf.", setup.file)
			p.Do = fmt.Sprintf("Correct it; `ceph-conf -c %s --list-sections` shows whether Ceph can parse it.", setup.file)
		default:
			p.Kind, p.Why = problem.Other, "The client library could not be prepared."
		}
		return p
	}

	if errors.Is(err, context.DeadlineExceeded) {
		code, p.Raw = ceph.ETIMEDOUT, ""
	}

	switch code {
	case ceph.EACCES, ceph.EPERM:
		p.Kind = problem.Denied
		p.Why = "The monitors refuse this user with this key: the key is not the user's present one, the user doesn't exist, or it has no caps" +
			" for the monitors."
		p.Do = fmt.Sprintf("Compare the key with that of the cluster (ceph auth get %s); the user needs mon caps.",
			problem.Word("client."+cfg.User))
		if key.Type() == "aes" {
			p.Why += " Or the cluster, of Ceph 19.2.6, 20.2.4 or newer, refuses every key of type aes, as this one is."
			p.Do += " The types that it allows are auth_allowed_ciphers of: ceph mon dump."
		}
	case ceph.ETIMEDOUT:
		p.Kind = problem.Unreachable
		p.Why = fmt.Sprintf("No monitor answered at %s within %s.", monitors, cfg.ConnectTimeout)
		p.Do = "Check the addresses, the network and firewalls (ports 3300 and 6789), and that the monitors run and have a quorum."
	case ceph.EINVAL, ceph.EIO:
		explainValue(ctx, p, cfg, key, code, monitors)
	case ceph.ENOENT:
		p.Kind = problem.Invalid
		p.Why = "No monitor is known."
		p.Do = "Set mon_host of the cluster, or mon_host in its config_file."
	case ceph.EOPNOTSUPP:
		p.Kind = problem.Unsupported
		p.Why = "Client and monitors have no way of authentication in common."
		p.Do = "The cluster and the options of this client have to agree on cephx."
	default:
		p.Kind = problem.Unreachable
	}
	return p
}

// explainValue explains what librados says of a key, a keyring or an address that it can't use: EINVAL, or EIO for what it
// read from a keyring.
func explainValue(ctx context.Context, p *problem.Problem, cfg ceph.Config, key ceph.Key, code ceph.Errno, monitors string) {
	p.Kind = problem.Invalid
	if name := unresolvable(ctx, cfg.MonHost); code == ceph.EINVAL && name != "" {
		p.Why = fmt.Sprintf("The monitor's name %s does not resolve on this machine.", name)
		p.Do = "Correct it in mon_host of the cluster, or give the monitor's address."
		return
	}
	const upgrade = "Upgrade librados2 and librbd1 on this machine"
	switch {
	case key.Type() == "aes256k":
		p.Kind = problem.Unsupported
		p.Why = "The key is of type aes256k, which the librados on this machine is probably too old for: it needs Ceph 19.2.6, 20.2.4 or newer."
		p.Do = upgrade + ", or give the user a key of type aes if the cluster allows that."
	case code == ceph.EIO:
		p.Why = fmt.Sprintf("The client library can't read the keyring to which %s leads as a whole: its last line does not end with a newline,"+
			" an entry of it is malformed, or one holds a key of a type that the librados on this machine is too old for (aes256k needs Ceph"+
			" 19.2.6, 20.2.4 or newer). It need not be the entry of client.%s.", cfg.ConfigFile, cfg.User)
		p.Do = fmt.Sprintf("Let the keyring hold client.%s only, as ceph auth get %s -o FILE writes it. %s if that entry is the one.",
			cfg.User, problem.Word("client."+cfg.User), upgrade)
	default:
		p.Why = fmt.Sprintf("The client library can't use a value: usually a monitor's name that does not resolve (%s).", monitors)
		p.Do = "Check that each monitor's name or address is correct."
	}
}

// unresolvable returns the first name in a mon_host that does not resolve; empty if there is none.
func unresolvable(ctx context.Context, monHost string) string {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	for _, entry := range strings.FieldsFunc(monHost, func(r rune) bool { return strings.ContainsRune(",; \t", r) }) {
		host := withoutType(strings.Trim(entry, "[]"))
		if strings.Count(host, ":") > 1 {
			continue // an IPv6 address
		}
		host, _, _ = strings.Cut(host, ":")
		host, _, _ = strings.Cut(host, "/")
		if host == "" || net.ParseIP(host) != nil {
			continue
		}
		if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
			return host
		}
	}
	return ""
}

// setupError is a failure before the network is touched.
type setupError struct {
	doing, option, file string
	err                 error
}

func (e setupError) Error() string { return fmt.Sprintf("%s: %v", e.doing, errno(e.err)) }
func (e setupError) Unwrap() error { return e.err }

// errno replaces go-ceph's error by its number. A few of its functions return positive numbers.
func errno(err error) error {
	var coded interface{ ErrorCode() int }
	if !errors.As(err, &coded) {
		return err
	}
	code := coded.ErrorCode()
	if code < 0 {
		code = -code
	}
	if code == int(ceph.ENOSYS) {
		if lacking := stubs.Lacking(); lacking != nil {
			return lacking
		}
	}
	return ceph.Errno(code)
}
