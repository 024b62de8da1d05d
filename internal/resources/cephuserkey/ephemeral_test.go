package cephuserkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// monitor knows client.libvirt and no other user.
type monitor struct {
	ceph.Conn
	key string
}

func (monitor) FSID(context.Context) (string, error) {
	return "a9e0b308-0dd1-407e-b5b0-e106485ea686", nil
}

func (m monitor) MonCommand(_ context.Context, command, _ []byte) ([]byte, string, error) {
	var cmd struct{ Prefix, Entity string }
	if err := json.Unmarshal(command, &cmd); err != nil {
		return nil, "", err
	}
	switch {
	case cmd.Prefix == "auth ls":
		return []byte(`{"auth_dump":[{"entity":"client.libvirt"}]}`), "", nil
	case cmd.Entity != "client.libvirt":
		return nil, "failed to find " + cmd.Entity + " in keyring", ceph.ENOENT
	}
	return []byte(`[{"entity":"client.libvirt","key":"` + m.key + `","caps":{"mon":"profile rbd"}}]`), "", nil
}

func TestRead(t *testing.T) {
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	key := base64.StdEncoding.EncodeToString(raw)
	connections := tfkit.NewConnections()
	connections.Clusters.Add("east", ceph.NewCluster(ceph.Config{Label: "east"}, func(context.Context, ceph.Config) (ceph.Conn, error) {
		return monitor{key: key}, nil
	}))
	resource := userKey{tfkit.EphemeralBase{Connections: connections}}

	var diags diag.Diagnostics
	m := model{Cluster: types.StringNull(), Entity: types.StringValue("client.libvirt")}
	resource.read(t.Context(), &m, &diags)
	if diags.HasError() || m.Cluster.ValueString() != "east" || m.Key.ValueString() != key ||
		m.KeyFingerprint.ValueString() != ceph.GivenKey(key).Fingerprint() {
		t.Errorf("%v, %v, %v", diags, m.Cluster, m.KeyFingerprint)
	}
	if want := "[client.libvirt]\n\tkey = " + key + "\n"; m.Keyring.ValueString() != want {
		t.Error("the keyring is another text")
	}

	m = model{Cluster: types.StringValue("east"), Entity: types.StringValue("client.nobody")}
	resource.read(t.Context(), &m, &diags)
	if len(diags) != 1 || !strings.Contains(diags[0].Detail(), `Cluster "east" has no user client.nobody.`) ||
		!strings.Contains(diags[0].Detail(), "ceph_user.NAME.entity") {
		t.Errorf("%v", diags)
	}
}

func TestEntityValidator(t *testing.T) {
	for entity, valid := range map[string]bool{
		"client.libvirt": true, "client.a.b": true, "libvirt": false, "client.": false,
		"": false, "osd.0": false, "client.client.a": false,
		"client.a]": false, "client.a\n": false, "client.a b": false, "client.a/b": false, `client.a"`: false,
	} {
		req := validator.StringRequest{Path: path.Root("entity"), ConfigValue: types.StringValue(entity)}
		var resp validator.StringResponse
		entityValidator{}.ValidateString(t.Context(), req, &resp)
		if resp.Diagnostics.HasError() == valid {
			t.Errorf("%q: %v", entity, resp.Diagnostics)
		}
	}
}
