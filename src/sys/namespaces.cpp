#include "sys/namespaces.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "sys/descriptors.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

// Returns 0 or an errno, like all functions here. /proc is still mounted for the parent's PID
// namespace, where this process has another number; /proc/self leads to that.
int write_to(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && write_all(file.get(), text) ? 0 : errno;
}

int deny_setgroups() {
  const int error = write_to("/proc/self/setgroups", "deny");
  return error == ENOENT ? 0 : error;  // without /proc, writing the maps fails too
}

int map_to_itself(const char* path, unsigned id) {
  return write_to(path, fmt::format("{0} {0} 1\n", id));
}

NamespaceStatus map_ids(const NamespacePlan& plan) {
  if (const int error = deny_setgroups(); error != 0) return {NamespaceStep::setgroups, error};
  if (const int error = map_to_itself("/proc/self/uid_map", plan.user); error != 0)
    return {NamespaceStep::user_map, error};
  return {NamespaceStep::group_map, map_to_itself("/proc/self/gid_map", plan.group)};
}

int slave(const char* path, unsigned long how) {
  return ::mount(nullptr, path, nullptr, MS_SLAVE | how, nullptr) == 0 ? 0 : errno;
}

// In a chroot / is no mount that could be changed (EINVAL), but /proc usually is one; a mount on it
// would be seen wherever that /proc is seen.
int stop_propagation() {
  const int error = slave("/", MS_REC);
  return error == EINVAL ? slave("/proc", 0) : error;
}

// In a user namespace the kernel refuses a /proc that is less strict about access times than the
// visible one (EPERM; fs/namespace.c, mnt_already_visible).
unsigned long access_times_of_proc() {
  struct statvfs seen {};
  if (::statvfs("/proc", &seen) != 0) return 0;
  const unsigned long directories = (seen.f_flag & ST_NODIRATIME) != 0 ? MS_NODIRATIME : 0;
  if ((seen.f_flag & ST_NOATIME) != 0) return directories | MS_NOATIME;
  return directories | ((seen.f_flag & ST_RELATIME) != 0 ? MS_RELATIME : MS_STRICTATIME);
}

int mount_proc() {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | access_times_of_proc();
  return ::mount("proc", "/proc", "proc", flags, nullptr) == 0 ? 0 : errno;
}

// Needs CAP_SETPCAP, which stays effective: the bounding set limits only what an exec gives.
int bound_capabilities(std::uint64_t kept) {
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1U) != 0) continue;
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) break;  // beyond the kernel's last
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return errno;
  }
  return 0;
}

// To uid 0 an exec gives the whole bounding set, so that must be no more than tether has. To
// another uid it gives the file's capabilities alone, as outside, where those reach further.
std::uint64_t gainable_by(uid_t user, const Capabilities& own) {
  if (user == 0) return own.permitted;
  std::uint64_t bounding = 0;
  for (int capability = 0; capability < 64; ++capability)
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
      bounding |= std::uint64_t{1} << capability;
  return bounding;
}

// The exec of COMMAND would take the namespace's capabilities from an ordinary user, but until then
// this process could open what tether could not.
int give_up_capabilities(const Capabilities& kept, std::uint64_t gainable) {
  if (const int error = bound_capabilities(gainable); error != 0) return error;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto half = [&kept](int shift) {
    return __user_cap_data_struct{static_cast<std::uint32_t>(kept.effective >> shift),
                                  static_cast<std::uint32_t>(kept.permitted >> shift), 0};
  };
  const std::array<__user_cap_data_struct, 2> data{half(0), half(32)};
  return ::syscall(SYS_capset, &header, data.data()) == 0 ? 0 : errno;
}

}  // namespace

NamespacePlan plan_namespaces() {
  NamespacePlan plan;
  plan.user_namespace = !has_sys_admin();
  plan.user = ::geteuid();
  plan.group = ::getegid();
  plan.capabilities = capabilities();
  if (plan.user_namespace) plan.gainable = gainable_by(plan.user, plan.capabilities);
  return plan;
}

std::uint64_t namespace_flags(const NamespacePlan& plan) {
  return CLONE_NEWPID | CLONE_NEWNS | (plan.user_namespace ? CLONE_NEWUSER : 0);
}

NamespaceStatus set_up_namespaces(const NamespacePlan& plan) {
  // A sandbox that imitates clone may drop the namespace flags: root would then mount over the
  // /proc of the whole machine.
  if (::getpid() != 1) return {NamespaceStep::clone, ENOSYS};
  if (plan.user_namespace)
    if (const NamespaceStatus mapped = map_ids(plan); !mapped.ok()) return mapped;
  if (const int error = stop_propagation(); error != 0) return {NamespaceStep::propagation, error};
  if (const int error = mount_proc(); error != 0) return {NamespaceStep::proc, error};
  // Last, as the mounts need some of them.
  if (!plan.user_namespace) return {};
  return {NamespaceStep::capabilities, give_up_capabilities(plan.capabilities, plan.gainable)};
}

}  // namespace tether
