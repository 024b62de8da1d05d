package tfkit

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// KeyOf is the key in an argument; the zero key where the argument is null or unknown.
func KeyOf(argument types.String) ceph.Key { return ceph.GivenKey(argument.ValueString()) }

// KeyText is the value of an attribute that contains a key.
func KeyText(key ceph.Key) types.String { return types.StringValue(key.Text()) }

// KeyringText is the value of an attribute that contains a user's keyring.
func KeyringText(user ceph.User) types.String {
	return types.StringValue(string(user.Keyring().Bytes()))
}
