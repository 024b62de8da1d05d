package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ListenOptions describes how a hypervisor's libvirtd listens on 127.0.0.1.
type ListenOptions struct {
	// TCP lets it listen without encryption.
	TCP bool
	// TLSFolder, where set, holds cacert.pem, servercert.pem and serverkey.pem, and lets it listen for TLS. A client needs a
	// certificate of the same authority.
	TLSFolder string
	// SASL requires authentication by SASL.
	SASL bool
}

// Ports is where a libvirtd listens; 0 where it doesn't.
type Ports struct{ TCP, TLS int }

// Listen restarts the hypervisor's libvirtd so that it also listens on free ports; guests keep running.
//
// Similar to: libvirtd --listen.
func (h *Hypervisor) Listen(ctx context.Context, options ListenOptions) (Ports, error) {
	const attempts = 5
	var err error
	// Another process may take a port between the moment in which it was found free and the daemon's start.
	for range attempts {
		var ports Ports
		if ports, err = h.listenOnce(ctx, options); err == nil {
			return ports, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return Ports{}, errors.Join(err, h.Unlisten(ctx))
}

func (h *Hypervisor) listenOnce(ctx context.Context, options ListenOptions) (Ports, error) {
	var ports Ports
	authentication := "none"
	if options.SASL {
		authentication = "sasl"
	}
	lines := []string{`listen_addr = "127.0.0.1"`, "listen_tcp = 0", "listen_tls = 0"}
	var err error
	if options.TCP {
		if ports.TCP, err = freePort(); err != nil {
			return ports, err
		}
		lines[1] = "listen_tcp = 1"
		lines = append(lines, fmt.Sprintf(`tcp_port = "%d"`, ports.TCP), fmt.Sprintf("auth_tcp = %q", authentication))
	}
	if options.TLSFolder != "" {
		if ports.TLS, err = freePort(); err != nil {
			return ports, err
		}
		lines[2] = "listen_tls = 1"
		lines = append(lines, fmt.Sprintf(`tls_port = "%d"`, ports.TLS), fmt.Sprintf("auth_tls = %q", authentication))
		for setting, name := range map[string]string{"key_file": "serverkey.pem", "cert_file": "servercert.pem", "ca_file": "cacert.pem"} {
			path := filepath.Join(options.TLSFolder, name)
			if err := os.Chown(path, int(h.daemon.credential.Uid), -1); err != nil {
				return ports, err
			}
			lines = append(lines, fmt.Sprintf("%s = %q", setting, path))
		}
	}
	h.listening = strings.Join(lines, "\n") + "\n"
	if !slices.Contains(h.daemon.argv, "--listen") {
		h.daemon.argv = append(slices.Clone(h.daemon.argv), "--listen")
	}
	return ports, errors.Join(h.writeSettings(), h.Restart(ctx))
}

// Unlisten restarts the hypervisor's libvirtd so that it listens only on its socket; guests keep running.
func (h *Hypervisor) Unlisten(ctx context.Context) error {
	h.listening = ""
	h.daemon.argv = slices.DeleteFunc(slices.Clone(h.daemon.argv), func(argument string) bool { return argument == "--listen" })
	return errors.Join(h.writeSettings(), h.Restart(ctx))
}

// freePort returns a port of 127.0.0.1 on which nobody listens.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("unexpected address %s", listener.Addr())
	}
	return address.Port, listener.Close()
}
