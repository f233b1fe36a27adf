// The store's file as the operating system sees it: private modes, network file systems, and who
// holds a lock.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hone::sql {

/// Makes the folder (0700) and an empty file (0600) unless they are there.
void make_private_file(const std::filesystem::path& path);

/// The name of the network file system that `path` lies on ("NFS", "SMB", …); nullopt on a local
/// one.
std::optional<std::string> network_file_system(const std::filesystem::path& path);
/// The same by the number that statfs gives.
std::optional<std::string> network_file_system_name(std::uint32_t statfs_type);

/// Who holds locks on the store's files, for messages: "process 4711 (hone)", or what the holder of
/// an exclusively opened store wrote beside it. nullopt when nothing is known.
std::optional<std::string> lock_holder(const std::filesystem::path& path);

/// Notes beside an exclusively opened store who holds it and since when; removed by
/// `forget_holder`.
void note_holder(const std::filesystem::path& path);
void forget_holder(const std::filesystem::path& path) noexcept;

}  // namespace hone::sql
