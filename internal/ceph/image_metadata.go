package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// configPrefix marks those metadata keys that are settings of the image.
const configPrefix = "conf_"

// ConfigKey returns the metadata key of a setting.
func ConfigKey(name string) string { return configPrefix + name }

func rawMetadata(metadata, config map[string]string) map[string]string {
	raw := make(map[string]string, len(metadata)+len(config))
	for key, value := range metadata {
		raw[key] = value
	}
	for name, value := range config {
		raw[ConfigKey(name)] = value
	}
	return raw
}

func splitConfig(image *Image) {
	metadata, config := map[string]string{}, map[string]string{}
	for key, value := range image.Metadata {
		if name, ok := strings.CutPrefix(key, configPrefix); ok {
			config[name] = value
		} else {
			metadata[key] = value
		}
	}
	image.Metadata, image.Config = metadata, config
}

// SetImageMetadata sets and removes metadata by its raw keys; those of settings begin with conf_, see ConfigKey. Keys that
// are not named stay as they are, and removing one that isn't there is no error.
//
// Similar to: rbd image-meta set; rbd image-meta remove; rbd config image set; rbd config image remove
func (c *Cluster) SetImageMetadata(ctx context.Context, ref ImageRef, set map[string]string, remove []string) error {
	what := fmt.Sprintf("Unable to change the metadata of image %s of cluster %q.", ref, c.cfg.Label)
	err := c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.SetImageMetadata(ctx, ref, set, remove) })
	var p *problem.Problem
	if problem.Is(err, problem.Invalid) && errors.As(err, &p) {
		p.Do = "Correct the setting; rbd config image list shows the known names and their values."
	}
	return err
}
