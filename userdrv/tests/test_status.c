// SPDX-License-Identifier: MIT
/* The words of a status field: type in bits 10 to 8, code in bits 7 to 0, the rest are flags
 * [4.6.1]. */
#include <criterion/criterion.h>

#include "../include/userdrv.h"

Test(status, is_told_in_the_words_of_the_specification)
{
	cr_expect_str_eq(ud_status_string(0), "Successful Completion");
	cr_expect_str_eq(ud_status_string(0x0002), "Invalid Field in Command");
	/* The same code is another error in each type. */
	cr_expect_str_eq(ud_status_string(0x0102), "Invalid Queue Size");
	cr_expect_str_eq(ud_status_string(0x0281), "Unrecovered Read Error");
}

Test(status, has_the_same_words_whatever_its_flags_say)
{
	cr_expect_str_eq(ud_status_string(0x0281 | NVME_STATUS_DNR | NVME_STATUS_MORE),
			 "Unrecovered Read Error");
}

Test(status, that_the_driver_does_not_know_is_told_by_its_type)
{
	cr_expect_str_eq(ud_status_string(0x00f0), "Generic Command Error");
	cr_expect_str_eq(ud_status_string(0x01f0), "Command Specific Error");
	cr_expect_str_eq(ud_status_string(0x02f0), "Media Error");
	cr_expect_str_eq(ud_status_string(0x0370), "Vendor Specific or Unknown Error");
	cr_expect_str_eq(ud_status_string(0x0701), "Vendor Specific or Unknown Error");
}
