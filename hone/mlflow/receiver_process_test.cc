// The receiver as a process: this program is it, when it is told so.
#include "hone/mlflow/receiver_process.h"

#include <gmock/gmock.h>
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>

#include "hone/mlflow/mlflow_test_support.h"
#include "hone/mlflow/receiver.h"

namespace hone::mlflow {
namespace {

namespace fs = std::filesystem;

TEST(ReceiverProcessTest, AReceiverThatWasKilledComesBackAtItsPort) {
  const TrialPlace place;
  ReceiverProcess process(place.tickets());
  const ReceiverAddress address = process.address();
  admit(address.tickets, place.ticket());
  // The receiver closes first: its end of the connection lingers, and with it the port.
  EXPECT_EQ(httplib::Client(address.url).Get("/health")->status, 200);
  const pid_t before = process.pid();
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(before), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(process.address().url, address.url);
  EXPECT_NE(process.pid(), before);
  EXPECT_EQ(httplib::Client(address.url).Get("/health")->status, 200);
  EXPECT_EQ(tickets_in(address.tickets).size(), 1u);
}

TEST(ReceiverProcessTest, OnlyFoldersOfDeadReceiversAreForgotten) {
  const TrialPlace place;
  ReceiverProcess living(place.tickets());
  const fs::path lived_in = living.address().tickets;
  admit(lived_in, place.ticket());
  const fs::path dead = place.tickets() / "1-deadbeef";
  make_private_folder(dead);
  std::ofstream(dead / kReceiverLock) << "";
  const auto old =
      fs::file_time_type::clock::now() - std::chrono::hours(ReceiverProcess::kForget_hours + 1);
  fs::last_write_time(lived_in, old);
  fs::last_write_time(dead, old);
  ReceiverProcess another(place.tickets());
  another.address();
  EXPECT_EQ(tickets_in(lived_in).size(), 1u);
  EXPECT_FALSE(fs::exists(dead));
}

}  // namespace
}  // namespace hone::mlflow

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == hone::mlflow::kReceiverArgument)
    return hone::mlflow::receiver_main(argc, argv);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
